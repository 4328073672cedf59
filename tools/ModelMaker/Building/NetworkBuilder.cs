using Onnx;
using static Onnx.TensorShapeProto.Types;

namespace ModelMaker.Building;

/// <summary>
/// Builds a network layer by layer, with PyTorch's names, and runs a sample batch through it on the way.
/// A layer is given by its module path ('layer1.0.conv1'), from which all its names follow.
/// </summary>
public sealed partial class NetworkBuilder(MakeOptions options)
{
    private readonly GraphProto graph = new() { Name = "main_graph" };
    private readonly ModuleNames names = new();
    private readonly List<Feature> features = [];
    private readonly List<Feature> inputs = [];
    private readonly List<(Feature Feature, string Name)> furtherOutputs = [];

    /// <summary>The style in which the network is to be written.</summary>
    public MakeOptions Options => options;

    /// <summary>Numbers that training learns: weights, biases, BN scales and shifts, but no running statistics.</summary>
    public long Parameters => graph.Initializer.Where(t => !t.Name.Contains(".running_", StringComparison.Ordinal))
        .Sum(t => t.Dims.Aggregate(1L, (product, dim) => product * dim));

    /// <summary>Multiply-accumulates of Conv, ConvTranspose and Gemm for one input.</summary>
    public long Macs { get; private set; }

    /// <summary>The inputs, each with its sample batch.</summary>
    public IReadOnlyList<Feature> Inputs => inputs;

    /// <summary>The network's input.</summary>
    /// <param name="channels">C.</param>
    /// <param name="usualSize">H and W, unless the options choose another size.</param>
    public Feature Input(int channels, int usualSize)
    {
        // Networks for large inputs are sampled small: statistics need few positions, and a ResNet-152 is to be made in
        // seconds. Networks for small ones pool and flatten by size, so their sample has the true size.
        const int LargestSample = 64;
        var size = options.Size ?? usualSize;
        var sampled = usualSize > LargestSample ? Math.Min(size, LargestSample) : size;
        return Input(new Feature("input", [channels, size, size], Sample.Images(channels, sampled, sampled)));
    }

    /// <summary>An input beside the images, [N, C].</summary>
    public Feature FlatInput(string name, int channels) => Input(new Feature(name, [channels], Sample.Images(channels, 1, 1)));

    /// <summary>Makes a value an output, beside that of <see cref="Build"/>.</summary>
    public void AddOutput(Feature feature, string name) => furtherOutputs.Add((feature, name));

    private Feature Input(Feature feature)
    {
        inputs.Add(feature);
        graph.Input.Add(Describe(feature));
        return feature;
    }

    /// <summary>The finished model; <paramref name="output"/> becomes its output under the given name.</summary>
    public ModelProto Build(Feature output, string outputName = "logits")
    {
        if (options.Fused)
            FoldBatchNorms();
        foreach (var (feature, name) in furtherOutputs.Prepend((output, outputName)))
        {
            Rename(feature.Name, name);
            graph.Output.Add(Describe(feature with { Name = name }));
            features.RemoveAll(f => f.Name == feature.Name);
        }

        if (options.ValueInfo)
            graph.ValueInfo.Add(features.Select(Describe));

        return new ModelProto
        {
            IrVersion = options.Opset switch { < 15 => 7, < 19 => 8, < 21 => 9, _ => 10 }, // the IR version that came with the opset
            ProducerName = "onnxprune-modelmaker",
            Graph = graph,
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
        };
    }

    private void Rename(string from, string to)
    {
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
                node.Input[i] = node.Input[i] == from ? to : node.Input[i];
            for (var i = 0; i < node.Output.Count; i++)
                node.Output[i] = node.Output[i] == from ? to : node.Output[i];
        }
    }

    private ValueInfoProto Describe(Feature feature)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(options.Batch is { } batch ? new Dimension { DimValue = batch } : new Dimension { DimParam = "N" });
        IEnumerable<int> dims = feature.IsChannelsLast ? [.. feature.Dims.Skip(1), feature.Channels] : feature.Dims;
        shape.Dim.Add(dims.Select(d => new Dimension { DimValue = d }));
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = feature.Name, Type = new TypeProto { TensorType = tensor } };
    }

    private Feature Emit(string module, string op, IEnumerable<string> inputs, IReadOnlyList<int> dims, Sample sample,
        params IEnumerable<AttributeProto> attributes) =>
        Known(new Feature(EmitNode(module, op, inputs, attributes), dims, sample));

    /// <summary>A value of the shape and layout of another.</summary>
    private Feature EmitLike(Feature like, string module, string op, IEnumerable<string> inputs, Sample sample,
        params IEnumerable<AttributeProto> attributes) =>
        Known(like with { Name = EmitNode(module, op, inputs, attributes), Sample = sample });

    private Feature Known(Feature feature)
    {
        features.Add(feature);
        return feature;
    }

    // The name of the node's first output.
    private string EmitNode(string module, string op, IEnumerable<string> inputs, params IEnumerable<AttributeProto> attributes)
    {
        var name = names.Node(module, op);
        var output = $"{name}_output_0";
        graph.Node.Add(new NodeProto { Name = name, OpType = op, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    private string Constant(string module, params ReadOnlySpan<long> values) =>
        EmitNode(module, "Constant", [], Attributes.Tensor("value", Attributes.Tensor(values, values.Length)));

    private string Constant(string module, params ReadOnlySpan<float> values) =>
        EmitNode(module, "Constant", [], Attributes.Tensor("value", Attributes.Tensor(values, values.Length)));

    private string ScalarConstant(string module, long value) =>
        EmitNode(module, "Constant", [], Attributes.Tensor("value", Attributes.Tensor([value])));

    private string ScalarConstant(string module, float value) =>
        EmitNode(module, "Constant", [], Attributes.Tensor("value", Attributes.Tensor([value])));

    // Values follow from the name, so that a name which comes again is a shared weight.
    private string Initializer(string name, float[] values, params IEnumerable<int> dims)
    {
        if (graph.Initializer.Any(t => t.Name == name))
            return name;
        var tensor = Attributes.Tensor(values, dims.Select(d => (long)d));
        tensor.Name = name;
        graph.Initializer.Add(tensor);
        return name;
    }
}
