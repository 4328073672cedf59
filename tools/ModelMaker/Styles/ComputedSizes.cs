using System.Runtime.InteropServices;
using ModelMaker.Building;
using Onnx;

namespace ModelMaker.Styles;

/// <summary>
/// Batch, height and width are open, and what depends on them is computed from shapes, as PyTorch's two exporters write it: views by
/// <c>x.size(0)</c>, gates by
/// <c>expand_as</c>, resizing to a size, group normalization as InstanceNormalization between two Reshapes.
/// </summary>
internal sealed class ComputedSizes
{
    private readonly GraphProto _graph;
    private readonly bool _isDynamo;
    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly Dictionary<string, TensorProto> _constants;
    private int _made;

    private ComputedSizes(ModelProto model, bool isDynamo)
    {
        (_graph, _isDynamo) = (model.Graph, isDynamo);
        _initializers = _graph.Initializer.ToDictionary(i => i.Name);
        _constants = _graph.Node.Where(n => n.OpType == "Constant" && n.Attribute is [{ Name: "value" }])
            .ToDictionary(n => n.Output[0], n => n.Attribute[0].T);
    }

    /// <summary>
    /// The exporter that traces TorchScript: Shape, Gather, Unsqueeze, Concat, and numbers in Constant nodes. Opset 13 at least.
    /// </summary>
    public static void TorchScript(ModelProto model) => new ComputedSizes(model, isDynamo: false).Rewrite(model);

    /// <summary>The exporter behind torch.export: parts of Shape, and numbers in initializers. Opset 18 at least.</summary>
    public static void Dynamo(ModelProto model) => new ComputedSizes(model, isDynamo: true).Rewrite(model);

    private void Rewrite(ModelProto model)
    {
        OpenSizes.Rewrite(model);
        var nodes = _graph.Node.ToArray();
        _graph.Node.Clear();
        foreach (var node in nodes)
        {
            Write(node, nodes);
            _graph.Node.Add(node);
        }
    }

    /// <summary>Adds what comes before the node, and adapts the node.</summary>
    private void Write(NodeProto node, NodeProto[] nodes)
    {
        var x = node.Input.Count > 0 ? node.Input[0] : "";
        switch (node.OpType)
        {
            case "Reshape" when Longs(node.Input[1]) is { } target:
                node.Input[1] = List([.. target.Select((length, axis) => Target(x, target, length, axis))]);
                break;
            case "Flatten" when node.Attribute is [{ I: 1 }] or []:
                node.OpType = "Reshape";
                node.Attribute.Clear();
                node.Input.Add(List([Length(x, 0), Numbers(-1)]));
                break;
            case "Mul" when nodes.Any(n => n.OpType is "Sigmoid" or "HardSigmoid" && n.Output[0] == node.Input[1] && n.Input[0] != x):
                node.Input[1] = Add("Expand", [node.Input[1], Add("Shape", [x])]);
                break;
            case "Resize" when node.Input.Count == 3 && Floats(node.Input[2]) is { } scales:
                var channels = _isDynamo
                    ? Add("Shape", [x], Attributes.Int("end", 2))
                    : Add("Slice", [Add("Shape", [x]), Numbers(0), Numbers(2)]);
                node.Input[2] = "";
                node.Input.Add(
                    List([channels, .. scales.Skip(2).Select((scale, i) => Add("Mul", [Length(x, i + 2), Numbers((long)scale)]))]));
                break;
            case "GroupNormalization":
                NormalizeGroups(node, x);
                break;
        }
    }

    // Given: y = GroupNormalization(x, scale, shift)   Result: y = Reshape(InstanceNormalization(Reshape(x, [0, groups, -1])), Shape(x)) *
    // scale + shift
    private void NormalizeGroups(NodeProto node, string x)
    {
        var groups = (int)node.Attribute.Single(a => a.Name == "num_groups").I;
        var epsilon = node.Attribute.Where(a => a.Name == "epsilon").ToArray();
        var split = Add("Reshape", [x, Numbers(0, groups, -1)]);
        var normal = Add(
            "InstanceNormalization",
            [split, Constant(Attributes.Tensor(Enumerable.Repeat(1f, groups).ToArray(), groups)), Constant(
                Attributes.Tensor(new float[groups], groups))],
            epsilon);
        var back = Add("Reshape", [normal, Add("Shape", [x])]);
        (var scale, var shift) = (node.Input[1], node.Input[2]);
        foreach (var parameter in new[] { scale, shift })
            _initializers[parameter].Dims.Add([1, 1]);
        node.OpType = "Add";
        node.Attribute.Clear();
        node.Input.Clear();
        node.Input.Add([Add("Mul", [back, scale]), shift]);
    }

    /// <summary>One length of a view: channel shuffles name batch, height and width, the others their batch.</summary>
    private string Target(string x, long[] target, long length, int axis)
    {
        var isShuffle = target[0] == -1 && target.Length is 4 or 5;
        var rank = target.Length == 5 ? 4 : 5;
        return axis == 0 && length is 0 or -1 && target.Length > 1 ? Length(x, 0)
            : isShuffle && axis >= target.Length - 2 ? Length(x, axis - target.Length + rank)
            : isShuffle && target.Length == 4 ? Numbers(-1)
            : Numbers(length);
    }

    /// <summary>The length of an axis as a list of one.</summary>
    private string Length(string x, long axis) => _isDynamo
        ? Add("Shape", [x], Attributes.Int("start", axis), Attributes.Int("end", axis + 1))
        : Add(
            "Unsqueeze", [Add("Gather", [Add("Shape", [x]), Constant(Attributes.Tensor([axis]))], Attributes.Int("axis", 0)), Numbers(0)]);

    private string List(string[] parts) => parts.Length == 1 ? parts[0] : Add("Concat", parts, Attributes.Int("axis", 0));

    private string Numbers(params long[] values) => Constant(Attributes.Tensor(values, values.Length));

    private string Constant(TensorProto tensor)
    {
        if (!_isDynamo)
            return Add("Constant", [], Attributes.Tensor("value", tensor));
        tensor.Name = $"val_{_made++}";
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private string Add(string op, string[] inputs, params AttributeProto[] attributes)
    {
        var name = $"{op}_{_made++}";
        var node = new NodeProto { Name = name, OpType = op, Output = { $"{name}_output_0" } };
        node.Input.Add(inputs);
        node.Attribute.Add(attributes);
        _graph.Node.Add(node);
        return node.Output[0];
    }

    private long[]? Longs(string name) => Numbers<long>(name, TensorProto.Types.DataType.Int64);

    private float[]? Floats(string name) => Numbers<float>(name, TensorProto.Types.DataType.Float);

    private T[]? Numbers<T>(string name, TensorProto.Types.DataType type)
        where T : struct =>
        (_initializers.GetValueOrDefault(name) ?? _constants.GetValueOrDefault(name)) is { } tensor && tensor.DataType == (int)type
            ? MemoryMarshal.Cast<byte, T>(tensor.RawData.Span).ToArray()
            : null;
}
