using Google.Protobuf;
using Onnx;

namespace Fuzzing.Mutations;

/// <summary>
/// Damage that knows what a graph is: cycles, missing inputs, names given twice, wrong ranks and sizes, weights that are no numbers, data
/// that lies nowhere.
/// </summary>
internal static class GraphMutation
{
    /// <summary>A file of 4096 bytes that lies beside the model.</summary>
    public const string DataFile = "weights.bin";

    private static readonly Action<GraphProto, Random>[] Kinds =
    [
        Cycle, MissingInput, ExtraInput, NameTwice, OutputTwice, WrongRank, WrongDimension, HugeDimension, StatedShape, WrongData,
        NoNumbers, EmptyTensor, ZeroWeights,
        ExternalData, Operator, Attribute, Attribute, ElementTypeOf, SharedWeight, Constant, ComputedConstant, Subgraph, RemovedNode,
        ShuffledNodes, ExtraOutput, LostOutput, Integers, Integers,
    ];

    public static void Apply(ModelProto model, Random random)
    {
        if (model.Graph is null || random.Next(30) == 0)
        {
            Header(model, random);
            return;
        }

        Kinds[random.Next(Kinds.Length)](model.Graph, random);
    }

    private static void Header(ModelProto model, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                model.OpsetImport.Clear();
                break;
            case 1:
                model.OpsetImport.Add(new OperatorSetIdProto { Version = Interesting.Number(random) });
                break;
            case 2:
                model.IrVersion = random.Next(-1, 14);
                break;
            default:
                model.MetadataProps.Add(
                    new StringStringEntryProto { Key = random.Next(2) == 0 ? "onnxprune.plan" : "a", Value = Interesting.Text(random) });
                break;
        }
    }

    private static void Cycle(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { Input.Count: > 0 } early && Pick(graph.Node, random) is { Output.Count: > 0 } late)
        {
            early.Input[random.Next(early.Input.Count)] = late.Output[0];
        }
    }

    private static void MissingInput(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { Input.Count: > 0 } node)
        {
            var index = random.Next(node.Input.Count);
            switch (random.Next(4))
            {
                case 0:
                    node.Input.RemoveAt(index);
                    break;
                case 1:
                    node.Input[index] = "";
                    break;
                case 2:
                    node.Input.Clear();
                    break;
                default:
                    node.Input[index] = "nowhere";
                    break;
            }
        }
    }

    private static void ExtraInput(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { } node && Pick(graph.Node, random) is { Input.Count: > 0 } other)
        {
            node.Input.Add(random.Next(3) == 0 ? "" : other.Input[random.Next(other.Input.Count)]);
        }
    }

    private static void NameTwice(GraphProto graph, Random random)
    {
        switch (random.Next(4))
        {
            case 0 when Pick(graph.Node, random) is { Output.Count: > 0 } a && Pick(graph.Node, random) is { Output.Count: > 0 } b:
                a.Output[0] = b.Output[0];
                break;
            case 1 when Pick(graph.Initializer, random) is { } a && Pick(graph.Initializer, random) is { } b:
                a.Name = b.Name;
                break;
            case 2 when Pick(graph.Node, random) is { } a && Pick(graph.Node, random) is { } b:
                a.Name = b.Name;
                break;
            case 3 when Pick(graph.Input, random) is { } input && Pick(graph.Initializer, random) is { } tensor:
                tensor.Name = input.Name;
                break;
        }
    }

    private static void OutputTwice(GraphProto graph, Random random)
    {
        if (Pick(graph.Output, random) is { } output)
        {
            graph.Output.Add(output.Clone());
        }
    }

    private static void WrongRank(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { } tensor)
        {
            var dims = tensor.Dims.ToArray();
            tensor.Dims.Clear();
            tensor.Dims.AddRange(random.Next(5) switch
            {
                0 => [dims.Aggregate(1L, (a, b) => unchecked(a * b))],
                1 => [.. dims, 1],
                2 => [1, .. dims],
                3 => dims.Reverse(),
                _ => dims.Skip(1),
            });
        }
    }

    private static void WrongDimension(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { Dims.Count: > 0 } tensor)
        {
            tensor.Dims[random.Next(tensor.Dims.Count)] += random.Next(-3, 4);
        }
    }

    private static void HugeDimension(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { Dims.Count: > 0 } tensor)
        {
            tensor.Dims[random.Next(tensor.Dims.Count)] = Interesting.Number(random);
        }
    }

    private static void StatedShape(GraphProto graph, Random random)
    {
        var list = random.Next(4) switch { 0 => graph.Input, 1 => graph.Output, _ => graph.ValueInfo };
        if (Pick(list, random) is not { Type.TensorType: { } type })
        {
            return;
        }

        var dims = (type.Shape ??= new TensorShapeProto()).Dim;
        switch (random.Next(6))
        {
            case 0:
                type.Shape = null;
                break;
            case 1 when dims.Count > 0:
                dims.RemoveAt(random.Next(dims.Count));
                break;
            case 2:
                dims.Add(new TensorShapeProto.Types.Dimension { DimValue = Interesting.Number(random) });
                break;
            case 3 when dims.Count > 0:
                dims[random.Next(dims.Count)] = new TensorShapeProto.Types.Dimension { DimParam = Interesting.Text(random) };
                break;
            default:
                if (dims.Count > 0)
                {
                    dims[random.Next(dims.Count)] = new TensorShapeProto.Types.Dimension
                    {
                        DimValue = random.Next(2) == 0
                        ? random.Next(10)
                        : Interesting.Number(random)
                    };
                }

                break;
        }
    }

    private static void WrongData(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is not { } tensor)
        {
            return;
        }

        var bytes = tensor.RawData.ToByteArray();
        switch (random.Next(5))
        {
            case 0:
                tensor.RawData = ByteString.Empty;
                break;
            case 1:
                tensor.RawData = ByteString.CopyFrom([.. bytes, 0]);
                break;
            case 2:
                tensor.RawData = ByteString.CopyFrom(bytes, 0, random.Next(bytes.Length + 1));
                break;
            case 3:
                tensor.RawData = ByteString.Empty;
                tensor.FloatData.AddRange(Enumerable.Repeat(1f, random.Next(bytes.Length + 1) / 4));
                break;
            default:
                tensor.StringData.Add(ByteString.CopyFromUtf8(Interesting.Text(random)));
                break;
        }
    }

    private static void NoNumbers(GraphProto graph, Random random) => Fill(graph, random, _ => (float)Interesting.Real(random));

    private static void ZeroWeights(GraphProto graph, Random random) => Fill(graph, random, _ => 0);

    private static void Fill(GraphProto graph, Random random, Func<int, float> value)
    {
        if (Pick(graph.Initializer, random) is { DataType: (int)TensorProto.Types.DataType.Float, RawData.Length: > 3 } tensor)
        {
            var floats = new float[tensor.RawData.Length / 4];
            Buffer.BlockCopy(tensor.RawData.ToByteArray(), 0, floats, 0, floats.Length * 4);
            var all = random.Next(2) == 0;
            for (var i = 0; i < floats.Length; i++)
            {
                floats[i] = all || random.Next(4) == 0 ? value(i) : floats[i];
            }

            var bytes = tensor.RawData.ToByteArray();
            Buffer.BlockCopy(floats, 0, bytes, 0, floats.Length * 4);
            tensor.RawData = ByteString.CopyFrom(bytes);
        }
    }

    private static void EmptyTensor(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { } tensor)
        {
            tensor.RawData = ByteString.Empty;
            if (tensor.Dims.Count == 0 || random.Next(3) == 0)
            {
                tensor.Dims.Clear();
                tensor.Dims.Add(0);
            }
            else
            {
                tensor.Dims[random.Next(tensor.Dims.Count)] = 0;
            }
        }
    }

    private static void ExternalData(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is not { } tensor)
        {
            return;
        }

        tensor.RawData = ByteString.Empty;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        Entry(tensor, "location", random.Next(3) == 0 ? Interesting.Text(random) : DataFile);
        Entry(tensor, "offset", random.Next(2) == 0 ? "0" : Number(random));
        if (random.Next(2) == 0)
        {
            Entry(tensor, "length", Number(random));
        }
    }

    private static void Entry(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });

    private static string Number(Random random) => random.Next(6) == 0
        ? Interesting.Text(random)
        : Interesting.Number(random).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static void Operator(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { } node && Pick(OnnxPrune.Operators.OperatorTable.Rules.Keys.ToArray(), random) is { } type)
        {
            node.OpType = type;
        }
    }

    private static void Attribute(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is not { } node)
        {
            return;
        }

        if (Pick(node.Attribute, random) is not { } attribute || random.Next(4) == 0)
        {
            string[] names = [
                "axis",
                "group",
                "axes",
                "perm",
                "pads",
                "kernel_shape",
                "strides",
                "keepdims",
                "transA",
                "transB",
                "split",
                "blocksize",
                "allowzero",
                "to",
                "starts",
                "ends",
                "num_outputs"
            ];
            node.Attribute.Add(
                attribute = new AttributeProto { Name = names[random.Next(names.Length)], Type = AttributeProto.Types.AttributeType.Int });
        }

        switch (random.Next(6))
        {
            case 0:
                node.Attribute.Remove(attribute);
                break;
            case 1 when attribute.Ints.Count > 0:
                attribute.Ints[random.Next(attribute.Ints.Count)] = Interesting.Number(random);
                break;
            case 2 when attribute.Ints.Count > 0:
                attribute.Ints.RemoveAt(random.Next(attribute.Ints.Count));
                break;
            case 3:
                attribute.Ints.Add(Interesting.Number(random));
                break;
            case 4:
                attribute.Type = (AttributeProto.Types.AttributeType)random.Next(0, 15);
                break;
            default:
                attribute.I = random.Next(2) == 0 ? random.Next(-5, 6) : Interesting.Number(random);
                break;
        }
    }

    private static void ElementTypeOf(GraphProto graph, Random random)
    {
        switch (random.Next(3))
        {
            case 0 when Pick(graph.Initializer, random) is { } tensor:
                tensor.DataType = random.Next(0, 25);
                break;
            case 1 when Pick(graph.ValueInfo, random) is { Type.TensorType: { } type }:
                type.ElemType = random.Next(0, 25);
                break;
            case 2 when Pick(graph.Input, random) is { Type.TensorType: { } type }:
                type.ElemType = random.Next(0, 25);
                break;
        }
    }

    /// <summary>Two users of one weight, which may not agree on what its axes are.</summary>
    private static void SharedWeight(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { Input.Count: > 1 } a && Pick(graph.Node, random) is { Input.Count: > 1 } b)
        {
            a.Input[random.Next(1, a.Input.Count)] = b.Input[random.Next(1, b.Input.Count)];
        }
    }

    /// <summary>An initializer becomes a Constant node; its attribute may be of the wrong kind.</summary>
    private static void Constant(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { } tensor)
        {
            graph.Initializer.Remove(tensor);
            var node = new NodeProto { OpType = "Constant" };
            node.Output.Add(tensor.Name);
            node.Attribute.Add(
                new AttributeProto
                {
                    Name = random.Next(6) == 0
                    ? "value_ints"
                    : "value",
                    Type = AttributeProto.Types.AttributeType.Tensor,
                    T = tensor
                });
            graph.Node.Insert(0, node);
        }
    }

    /// <summary>A weight that a few bytes claim to compute: of any size.</summary>
    private static void ComputedConstant(GraphProto graph, Random random)
    {
        if (Pick(graph.Initializer, random) is { } tensor)
        {
            graph.Initializer.Remove(tensor);
            var shape = new TensorProto { Name = tensor.Name + ".dims", DataType = (int)TensorProto.Types.DataType.Int64 };
            shape.Dims.Add(tensor.Dims.Count);
            shape.Int64Data.AddRange(tensor.Dims.Select(d => random.Next(4) == 0 ? Interesting.Number(random) : d));
            graph.Initializer.Add(shape);
            var node = new NodeProto { OpType = random.Next(4) == 0 ? "Expand" : "ConstantOfShape" };
            node.Input.Add(shape.Name);
            node.Output.Add(tensor.Name);
            graph.Node.Insert(0, node);
        }
    }

    private static void Subgraph(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { } node && Pick(graph.Node, random) is { } inner)
        {
            var body = new GraphProto { Name = "body" };
            body.Node.Add(inner.Clone());
            if (inner.Output.Count > 0 && random.Next(2) == 0)
            {
                body.Output.Add(new ValueInfoProto { Name = inner.Output[0] });
            }

            node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        }
    }

    private static void RemovedNode(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { } node)
        {
            graph.Node.Remove(node);
        }
    }

    private static void ShuffledNodes(GraphProto graph, Random random)
    {
        var nodes = graph.Node.ToArray();
        random.Shuffle(nodes);
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
    }

    private static void ExtraOutput(GraphProto graph, Random random)
    {
        if (Pick(graph.Node, random) is { Input.Count: > 0, Output.Count: > 0 } node)
        {
            graph.Output.Add(new ValueInfoProto
            {
                Name = random.Next(2) == 0
                ? node.Output[0]
                : node.Input[random.Next(node.Input.Count)]
            });
        }
    }

    private static void LostOutput(GraphProto graph, Random random)
    {
        if (Pick(graph.Output, random) is { } output)
        {
            graph.Output.Remove(output);
        }
    }

    /// <summary>Reshape targets, Split sizes, pads and the like.</summary>
    private static void Integers(GraphProto graph, Random random)
    {
        var integers = graph.Initializer.Where(i => i.DataType == (int)TensorProto.Types.DataType.Int64 && i.RawData.Length >= 8).ToArray();
        if (Pick(integers, random) is { } tensor)
        {
            var bytes = tensor.RawData.ToByteArray();
            var at = 8 * random.Next(bytes.Length / 8);
            var old = BitConverter.ToInt64(bytes, at);
            BitConverter.TryWriteBytes(bytes.AsSpan(at), random.Next(2) == 0 ? old + random.Next(-3, 4) : Interesting.Number(random));
            tensor.RawData = ByteString.CopyFrom(bytes);
        }
    }

    private static T? Pick<T>(IList<T> list, Random random) where T : class => list.Count == 0 ? null : list[random.Next(list.Count)];
}
