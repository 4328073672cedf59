using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>A value of a <see cref="TestGraph"/>, and how many channels it has; converts to its name.</summary>
internal readonly record struct Wire(string Name, int Channels)
{
    public static implicit operator string(Wire wire) => wire.Name;
}

/// <summary>
/// Builds a small ONNX model in a few lines: <c>g.Output(g.Conv(g.Relu(g.Conv(g.Input(3, 8, 8), 4)), 2))</c>. Weights are seeded,
/// BatchNormalization has statistics that are not trivial, and nodes are named conv1, conv2, relu1 in the order of their making.
/// </summary>
internal sealed class TestGraph(int seed = 1)
{
    /// <summary>The symbol of the batch dimension.</summary>
    public const string Batch = "N";

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _counts = [];

    public long Opset { get; init; } = 17;

    /// <summary>The element type of weights and inputs.</summary>
    public ElementType Type { get; init; } = ElementType.Float;

    /// <summary>True if nodes have names; without, plans call them by their outputs.</summary>
    public bool NamesNodes { get; init; } = true;

    /// <summary>True if weights are Constant nodes and no initializers.</summary>
    public bool UsesConstantNodes { get; init; }

    /// <summary>The message under construction, for what the methods do not reach.</summary>
    public ModelProto Proto { get; } = new() { IrVersion = 8, Graph = new GraphProto { Name = "test" } };

    // ---- the graph's ends ----

    /// <summary>An input [N, channels, sizes...] with a dynamic batch.</summary>
    public Wire Input(int channels, params ReadOnlySpan<long> sizes) => Input(Type, [-1, channels, .. sizes], channels);

    /// <summary>An input of these dimensions; −1 is the dynamic batch.</summary>
    public Wire Input(ElementType type, long[] dims, int channels = 0)
    {
        var name = Fresh("input");
        Proto.Graph.Input.Add(Describe(name, type, dims));
        return new Wire(name, channels);
    }

    public void Output(params ReadOnlySpan<Wire> values)
    {
        foreach (var value in values)
        {
            Proto.Graph.Output.Add(new ValueInfoProto { Name = value.Name });
        }
    }

    public Model Build(string? folder = null) => OnnxFile.FromBytes(ToBytes(), folder);

    public byte[] ToBytes()
    {
        if (Proto.OpsetImport.All(o => o.Domain.Length > 0))
        {
            Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        }

        return AttributeMessage.Complete(OnnxMessage.Model, Proto);
    }

    // ---- constants ----

    /// <summary>Seeded normal numbers in the graph's element type.</summary>
    public string Weight(params ReadOnlySpan<long> dims) => Weight(1, dims);

    public string Weight(double scale, ReadOnlySpan<long> dims, double shift = 0)
    {
        var values = new double[Tensor.ElementCount(dims.ToArray())];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (scale * RandomWeights.Normal(_random)) + shift;
        }

        return Constant(Template(Type).WithValues(values, dims));
    }

    /// <summary>Seeded numbers from [low, high).</summary>
    public string Uniform(double low, double high, params ReadOnlySpan<long> dims)
    {
        var values = new double[Tensor.ElementCount(dims.ToArray())];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = low + ((high - low) * _random.NextDouble());
        }

        return Constant(Template(Type).WithValues(values, dims));
    }

    public string Longs(params ReadOnlySpan<long> values) =>
        Constant(new Tensor(ElementType.Int64, [values.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray()));

    public string Floats(params ReadOnlySpan<float> values) => Constant(Tensor.Of(values, values.Length));

    /// <summary>A scalar of the graph's element type.</summary>
    public string Scalar(double value) => Constant(new Tensor(Type, [], Template(Type).WithValues([value], 1).Data));

    public string Constant(Tensor tensor, string? name = null)
    {
        if (UsesConstantNodes && tensor.ElementType.IsFloatingPoint())
        {
            return Op("Constant", [], ("value", tensor));
        }

        name = Fresh(name ?? "w");
        Proto.Graph.Initializer.Add(Message(name, tensor));
        return name;
    }

    /// <summary>Lists an initializer as an input too, as IR version 3 did.</summary>
    public void ListAsInput(string initializer)
    {
        var tensor = Proto.Graph.Initializer.First(i => i.Name == initializer);
        Proto.Graph.Input.Add(Describe(initializer, (ElementType)tensor.DataType, [.. tensor.Dims]));
    }

    // ---- nodes ----

    /// <summary>A node whose output has the channels of its first input.</summary>
    public Wire Op(string type, Wire input, params (string Name, object Value)[] attributes) =>
        new(Op(type, [input.Name], attributes), input.Channels);

    /// <summary>Any node with one output; names that are empty leave an input out.</summary>
    public string Op(string type, string[] inputs, params (string Name, object Value)[] attributes) => Ops(type, inputs, 1, attributes)[0];

    /// <summary>Any node with several outputs.</summary>
    public string[] Ops(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        var label = Fresh(type.ToLowerInvariant());
        var node = new NodeProto { OpType = type, Name = NamesNodes ? label : "" };
        node.Input.AddRange(inputs);
        var names = Enumerable.Range(0, outputs).Select(i => outputs == 1 ? $"{label}.y" : $"{label}.y{i}").ToArray();
        node.Output.AddRange(names);
        node.Attribute.AddRange(attributes.Select(a => Attribute(a.Name, a.Value)));
        Proto.Graph.Node.Add(node);
        return names;
    }

    /// <summary>The last node that was added.</summary>
    public NodeProto Last => Proto.Graph.Node[^1];

    public Wire Conv(
        Wire x,
        int outputs,
        int kernel = 1,
        int stride = 1,
        int? pad = null,
        int group = 1,
        bool bias = true,
        string? weight = null,
        int dilation = 1)
    {
        var perGroup = x.Channels / group;
        weight ??= Weight(Math.Sqrt(1.5 / (perGroup * kernel * kernel)), [outputs, perGroup, kernel, kernel]);
        string[] inputs = bias ? [x, weight, Weight(0.3, [outputs])] : [x, weight];
        long border = pad ?? kernel / 2 * dilation;
        List<(string, object)> attributes =
        [
            ("kernel_shape", new long[] { kernel, kernel }),
            ("strides", new long[] { stride, stride }),
            ("pads", new[] { border, border, border, border }),
            ("group", (long)group),
        ];
        if (dilation > 1)
        {
            attributes.Add(("dilations", new long[] { dilation, dilation }));
        }

        return new Wire(Op("Conv", inputs, [.. attributes]), outputs);
    }

    /// <summary>A depthwise Conv.</summary>
    public Wire Depthwise(Wire x, int kernel = 3, int multiplier = 1, int stride = 1) =>
        Conv(x, x.Channels * multiplier, kernel, stride, group: x.Channels);

    public Wire ConvTranspose(Wire x, int outputs, int kernel = 2, int stride = 2, int group = 1)
    {
        var weight = Weight(Math.Sqrt(1.5 / x.Channels), [x.Channels, outputs / group, kernel, kernel]);
        return new Wire(Op(
            "ConvTranspose",
            [x, weight, Weight(0.3, [outputs])],
            ("strides", new long[] { stride, stride }),
            ("kernel_shape", new long[] { kernel, kernel }),
            ("group", (long)group)), outputs);
    }

    public Wire BatchNorm(Wire x, string? scale = null, string? shift = null) => new(
        Op(
            "BatchNormalization",
            [x, scale ?? Uniform(0.5, 1.5, x.Channels), shift
                ?? Weight(0.5, [x.Channels]), Weight(0.5, [x.Channels]), Uniform(0.5, 1.5, x.Channels)]),
        x.Channels);

    public Wire Relu(Wire x) => Op("Relu", x);

    public Wire ConvBnRelu(Wire x, int outputs, int kernel = 3, int stride = 1, int group = 1) =>
        Relu(BatchNorm(Conv(x, outputs, kernel, stride, group: group, bias: false)));

    public Wire Add(Wire a, Wire b) => new(Op("Add", [a, b]), Math.Max(a.Channels, b.Channels));

    public Wire Binary(string type, Wire a, string b) => new(Op(type, [a, b]), a.Channels);

    public Wire Concat(int axis, params Wire[] values) =>
        new(Op("Concat", [.. values.Select(v => v.Name)], ("axis", (long)axis)), axis == 1 ? values.Sum(v =>
            v.Channels) : values[0].Channels);

    public Wire GlobalAveragePool(Wire x) => Op("GlobalAveragePool", x);

    /// <summary>[N, C, H, W] → [N, C·positions].</summary>
    public Wire Flatten(Wire x, int positions = 1) => Op("Flatten", x, ("axis", 1L)) with { Channels = x.Channels * positions };

    /// <summary>A fully connected layer, with the weight as PyTorch stores it.</summary>
    public Wire Linear(Wire x, int outputs) => new(
        Op("Gemm", [x, Weight(Math.Sqrt(1.0 / x.Channels), [outputs, x.Channels]), Weight(0.3, [outputs])], ("transB", 1L)), outputs);

    /// <summary>Global average, Flatten and a Linear that is the graph's output.</summary>
    public void Classify(Wire x, int classes = 3) => Output(Linear(Flatten(GlobalAveragePool(x)), classes));

    /// <summary>A 1×1 Conv to two channels that is the graph's output: everything before it can be cut.</summary>
    public void Close(Wire x) => Output(Conv(x, 2));

    /// <summary>A 1×1 Conv in each branch of an If, whose MACs nobody can count.</summary>
    public Wire ConvInBranches(Wire x)
    {
        var condition = Op("Greater", [Op("ReduceMax", [x], ("keepdims", 0L)), Scalar(0.5)]);
        return x with { Name = Op("If", [condition], ("then_branch", Branch("then")), ("else_branch", Branch("else"))) };

        GraphProto Branch(string name)
        {
            var weight = Message($"{name}.w", Tensor.Of(new float[x.Channels * x.Channels], x.Channels, x.Channels, 1, 1));
            return new GraphProto
            {
                Name = name,
                Initializer = { weight },
                Node = { new NodeProto { OpType = "Conv", Input = { x.Name, weight.Name }, Output = { $"{name}.y" } } },
                Output = { new ValueInfoProto { Name = $"{name}.y" } },
            };
        }
    }

    // ---- messages ----

    public static AttributeProto Attribute(string name, object value) => value is GraphProto graph
        ? new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph }
        : AttributeProto.Parser.ParseFrom(AttributeMessage.Write(new NodeAttribute(name, value)).ToArray());

    public static TensorProto Message(string name, Tensor tensor) =>
        TensorProto.Parser.ParseFrom(TensorMessage.Write(name, tensor).ToArray());

    public static ValueInfoProto Describe(string name, ElementType type, IEnumerable<long> dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims.Select(d => d < 0
            ? new TensorShapeProto.Types.Dimension { DimParam = Batch }
            : new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto
        {
            Name = name,
            Type =
            new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } }
        };
    }

    private static Tensor Template(ElementType type) => new(type, [0], Array.Empty<byte>());

    private string Fresh(string kind)
    {
        _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        return $"{kind}{_counts[kind]}";
    }
}
