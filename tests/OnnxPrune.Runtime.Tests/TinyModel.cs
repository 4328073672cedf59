using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;

namespace OnnxPrune.Runtime.Tests;

/// <summary>A model in a few lines: nodes as "y = Relu(x)", inputs and outputs as "x float [N, 3, 32, 32]".</summary>
internal sealed class TinyModel
{
    private readonly ModelProto _model = new() { IrVersion = 8, Graph = new GraphProto { Name = "tiny" } };

    public TinyModel(int opset = 13) => _model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });

    public TinyModel Input(string text)
    {
        _model.Graph.Input.Add(Describe(text));
        return this;
    }

    public TinyModel Output(string text)
    {
        _model.Graph.Output.Add(Describe(text));
        return this;
    }

    public TinyModel Weight(string name, float[] values, params long[] dims) =>
        Add(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes<float>(values).ToArray(), dims);

    public TinyModel Integers(string name, params long[] values) =>
        Add(name, TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes<long>(values).ToArray(), [values.Length]);

    /// <summary>"y, z = Op(a, b)"; attributes are long or long[].</summary>
    public TinyModel Node(string text, params (string Name, object Value)[] attributes)
    {
        var (outputs, call) = (text[..text.IndexOf('=')], text[(text.IndexOf('=') + 1)..].Trim());
        var open = call.IndexOf('(');
        var node =
            new NodeProto { OpType = call[..open], Name = call[..open] + _model.Graph.Node.Count.ToString(CultureInfo.InvariantCulture) };
        node.Input.AddRange(Names(call[(open + 1)..^1]));
        node.Output.AddRange(Names(outputs));
        foreach (var (name, value) in attributes)
        {
            var attribute = new AttributeProto
            {
                Name = name,
                Type =
                value is long ? AttributeProto.Types.AttributeType.Int : AttributeProto.Types.AttributeType.Ints
            };
            if (value is long i)
            {
                attribute.I = i;
            }
            else
            {
                attribute.Ints.AddRange((long[])value);
            }

            node.Attribute.Add(attribute);
        }

        _model.Graph.Node.Add(node);
        return this;
    }

    public byte[] ToBytes() => _model.ToByteArray();

    private TinyModel Add(string name, TensorProto.Types.DataType type, byte[] bytes, long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        _model.Graph.Initializer.Add(tensor);
        return this;
    }

    private static string[] Names(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static ValueInfoProto Describe(string text)
    {
        var parts = text.Split(' ', 3);
        var tensor = new TypeProto.Types.Tensor
        {
            ElemType = parts[1] switch
            {
                "float" =>
                1,
                "uint8" => 2,
                "int64" => 7,
                "bool" => 9,
                "float16" => 10,
                "double" => 11,
                _ => throw new ArgumentException(text)
            },
        };
        if (parts.Length == 3)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(Names(parts[2].Trim('[', ']')).Select(d => d switch
            {
                "?" => new TensorShapeProto.Types.Dimension(),
                _ when long.TryParse(d, out var size) => new TensorShapeProto.Types.Dimension { DimValue = size },
                _ => new TensorShapeProto.Types.Dimension { DimParam = d },
            }));
        }

        return new ValueInfoProto { Name = parts[0], Type = new TypeProto { TensorType = tensor } };
    }
}
