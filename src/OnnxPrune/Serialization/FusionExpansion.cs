using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// Puts ONNX's own operators in place of those that ONNX Runtime writes when it saves an optimized model.
/// Given: y = com.microsoft.FusedConv(x, w, b, z) {activation: Relu}   Result: y.conv = Conv(x, w, b); y.sum = Add(y.conv, z); y =
/// Relu(y.sum)
/// </summary>
/// <remarks>The runtime fuses them again when it loads the result. What has no expansion here stays as it is, and blocks its
/// channels.</remarks>
internal static class FusionExpansion
{
    private const string Contributed = "com.microsoft";

    /// <summary>True if the model has anything to expand or to refuse.</summary>
    public static bool IsNeededFor(Model model) =>
        model.Graph.Nodes.Any(n => n.Domain is Contributed or "com.microsoft.nchwc" or "com.ms.internal.nhwc");

    /// <summary>Changes the message in place.</summary>
    /// <exception cref="UnsupportedModelException">The model was saved with its weights in the layout of one machine's kernels.</exception>
    public static void Apply(ModelProto model)
    {
        var graph = model.Graph;
        if (graph.Node.FirstOrDefault(n => n.Domain is "com.microsoft.nchwc" or "com.ms.internal.nhwc"
            || n is { Domain: Contributed, OpType: "NhwcFusedConv" or "ReorderInput" or "ReorderOutput" }) is { } node)
        {
            throw new UnsupportedModelException(
                $"The model was saved by ONNX Runtime with layout optimization: {node.OpType} '{node.Name}' of the domain '{node.Domain}' "
                    + "has its weights in the order of one machine's kernels. Give the original model, or save it with "
                    + "ORT_ENABLE_EXTENDED.");
        }

        // Since opset 11 the bounds of a Clip are inputs.
        var isModern = model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version is null or >= 11;
        var nodes = graph.Node.ToArray();
        graph.Node.Clear();
        graph.Node.AddRange(nodes.SelectMany(n => n.Domain == Contributed ? Expand(n, graph, isModern) ?? [n] : [n]));
    }

    private static NodeProto[]? Expand(NodeProto node, GraphProto graph, bool isModern) =>
        node.Output.Count != 1 ? null : node.OpType switch
        {
            "FusedConv" => Layer(node, graph, "Conv", sumInput: 3, isModern),
            "FusedGemm" => Layer(node, graph, "Gemm", sumInput: int.MaxValue, isModern),
            "FusedMatMul" or "TransposeMatMul" => MatMul(node, graph),
            "Gelu" or "FastGelu" or "BiasGelu" or "QuickGelu" => Gelu(node, graph),
            _ => null,
        };

    /// <summary>The layer, the sum with another value where there is one, and the activation.</summary>
    private static NodeProto[]? Layer(NodeProto node, GraphProto graph, string opType, int sumInput, bool isModern)
    {
        if (Activation(node, graph, isModern) is not { } activation)
        {
            return null;
        }

        var sum = node.Input.Count > sumInput ? node.Input[sumInput] : "";
        var layer = new NodeProto { Name = node.Name, OpType = opType, DocString = node.DocString };
        layer.Input.AddRange(node.Input.Take(sumInput));
        layer.Attribute.AddRange(node.Attribute.Where(a => !a.Name.StartsWith("activation", StringComparison.Ordinal)));
        while (layer.Input is [.., ""])
        {
            layer.Input.RemoveAt(layer.Input.Count - 1);
        }

        var steps = new List<NodeProto> { layer };
        if (sum.Length > 0)
        {
            steps.Add(new NodeProto { Name = $"{Label(node)}.sum", OpType = "Add", Input = { "", sum } });
        }

        if (activation.OpType.Length > 0)
        {
            activation.Name = $"{Label(node)}.activation";
            steps.Add(activation);
        }

        return Chain(node, steps);
    }

    /// <summary>An empty operator where there is none; null for one that is not known.</summary>
    private static NodeProto? Activation(NodeProto node, GraphProto graph, bool isModern)
    {
        var name = Attribute(node, "activation")?.S.ToStringUtf8() ?? "";
        var parameters = Attribute(node, "activation_params")?.Floats.ToArray()
            ?? [.. new[] { "activation_alpha", "activation_beta" }.Select(a => Attribute(node, a)?.F).OfType<float>()];
        var names = name switch
        {
            "" or "Relu" or "Tanh" or "Sigmoid" or "HardSwish" or "Softplus" => Array.Empty<string>(),
            "LeakyRelu" or "Elu" or "ThresholdedRelu" => ["alpha"],
            "HardSigmoid" => ["alpha", "beta"],
            _ => null,
        };
        if (name == "Clip" && isModern && parameters is [var low, var high])
        {
            return new NodeProto
            {
                OpType = "Clip",
                Input = { "", Scalar(graph, $"{node.Output[0]}.low", low), Scalar(graph, $"{node.Output[0]}.high", high) }
            };
        }

        if (names is null)
        {
            return null;
        }

        var made = new NodeProto { OpType = name };
        made.Attribute.AddRange(names.Zip(parameters, Number));
        return made;
    }

    /// <summary>A, B transposed along their last two axes where the attributes say so, multiplied, and scaled by alpha.</summary>
    private static NodeProto[]? MatMul(NodeProto node, GraphProto graph)
    {
        bool Is(string name) => Attribute(node, name)?.I is not (null or 0);
        if (Is("transBatchA") || Is("transBatchB") || node.Input.Count != 2)
        {
            return null;
        }

        var steps = new List<NodeProto>();
        string Operand(int index, bool isTransposed)
        {
            if (!isTransposed)
            {
                return node.Input[index];
            }

            // Only of a matrix is it known which axes there are.
            var made = new NodeProto
            {
                Name = $"{Label(node)}.transpose{index}",
                OpType = "Transpose",
                Input = { node.Input[index] },
                Output = { $"{node.Output[0]}.transpose{index}" }
            };
            made.Attribute.Add(new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 0 } });
            steps.Add(made);
            return made.Output[0];
        }

        bool IsMatrix(int index) => graph.Initializer.FirstOrDefault(i => i.Name == node.Input[index])?.Dims.Count == 2;
        if ((Is("transA") && !IsMatrix(0)) || (Is("transB") && !IsMatrix(1)))
        {
            return null;
        }

        var operands = new[] { Operand(0, Is("transA")), Operand(1, Is("transB")) };
        var layers = new List<NodeProto> { new() { Name = node.Name, OpType = "MatMul", Input = { operands } } };
        if (Attribute(node, "alpha")?.F is { } alpha and not 1)
        {
            layers.Add(
                new NodeProto
                {
                    Name = $"{Label(node)}.scale",
                    OpType = "Mul",
                    Input = { "", Scalar(graph, $"{node.Output[0]}.alpha", alpha) }
                });
        }

        return [.. steps, .. Chain(node, layers)];
    }

    /// <summary>
    /// Gelu: x/2 · (1 + erf(x/√2)).  FastGelu: x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))), x with a bias where there is one.  QuickGelu: x
    /// · sigmoid(alpha·x).
    /// </summary>
    private static NodeProto[]? Gelu(NodeProto node, GraphProto graph)
    {
        var steps = new List<NodeProto>();
        string Make(string op, params string[] inputs)
        {
            var made = new NodeProto { Name = $"{Label(node)}.{steps.Count}", OpType = op, Output = { $"{node.Output[0]}.{steps.Count}" } };
            made.Input.AddRange(inputs);
            steps.Add(made);
            return made.Output[0];
        }

        string Number(string name, double value) => Scalar(graph, $"{node.Output[0]}.{name}", (float)value);
        var x = node.Input.Count > 1 && node.Input[1].Length > 0 ? Make("Add", node.Input[0], node.Input[1]) : node.Input[0];
        string factor;
        if (node.OpType == "QuickGelu")
        {
            factor = Make("Sigmoid", Make("Mul", x, Number("alpha", Attribute(node, "alpha")?.F ?? 1.702f)));
        }
        else
        {
            var inner = node.OpType == "FastGelu"
                ? Make("Tanh", Make(
                    "Mul",
                    Make("Add", x, Make("Mul", Make("Mul", Make("Mul", x, x), x), Number("cubic", 0.044715))),
                    Number("scale", Math.Sqrt(2 / Math.PI))))
                : Make("Erf", Make("Mul", x, Number("scale", Math.Sqrt(0.5))));
            factor = Make("Mul", Make("Add", inner, Number("one", 1)), Number("half", 0.5));
        }

        Make("Mul", x, factor);
        steps[^1].Output[0] = node.Output[0];
        steps[^1].Name = node.Name;
        return [.. steps];
    }

    /// <summary>Lets each step read the one before it, and the last one make the node's output.</summary>
    private static NodeProto[] Chain(NodeProto node, List<NodeProto> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            steps[i].Output.Add(i == steps.Count - 1 ? node.Output[0] : $"{node.Output[0]}.{steps[i].OpType.ToLowerInvariant()}");
            if (i > 0 && steps[i].Input.Count > 0)
            {
                steps[i].Input[0] = steps[i - 1].Output[0];
            }
            else if (i > 0)
            {
                steps[i].Input.Add(steps[i - 1].Output[0]);
            }
        }

        return [.. steps];
    }

    private static string Scalar(GraphProto graph, string name, float value)
    {
        graph.Initializer.Add(
            new TensorProto
            {
                Name = name,
                DataType = (int)TensorProto.Types.DataType.Float,
                RawData = ByteString.CopyFrom(BitConverter.GetBytes(value))
            });
        return name;
    }

    private static string Label(NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output[0];

    private static AttributeProto? Attribute(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name);

    private static AttributeProto Number(string name, float value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };
}
