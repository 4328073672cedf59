using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>The form in which a node computes with integers.</summary>
internal enum IntegerForm
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>A product with weights: where integers save time.</summary>
    Layer,

    /// <summary>Its output has a scale of its own: Add, Concat, averages.</summary>
    Arithmetic,

    /// <summary>Its output's elements are elements of its first input, or lie between them: the scale stays.</summary>
    Movement,

    /// <summary>A bound (Relu, Clip) that the saturation of what is made before it gives for nothing.</summary>
    Bound,
}

/// <summary>The operators that have an integer kernel where a model comes to be run, in one place.</summary>
internal static class IntegerForms
{
    private static readonly Dictionary<string, IntegerForm> s_forms = new()
    {
        ["Conv"] = IntegerForm.Layer,
        ["ConvTranspose"] = IntegerForm.Layer,
        ["Gemm"] = IntegerForm.Layer,
        ["MatMul"] = IntegerForm.Layer,
        ["Add"] = IntegerForm.Arithmetic,
        ["Mul"] = IntegerForm.Arithmetic,
        ["Concat"] = IntegerForm.Arithmetic,
        ["AveragePool"] = IntegerForm.Arithmetic,
        ["GlobalAveragePool"] = IntegerForm.Arithmetic,
        ["LeakyRelu"] = IntegerForm.Arithmetic,
        ["Sigmoid"] = IntegerForm.Arithmetic,
        ["MaxPool"] = IntegerForm.Movement,
        ["Reshape"] = IntegerForm.Movement,
        ["Flatten"] = IntegerForm.Movement,
        ["Transpose"] = IntegerForm.Movement,
        ["Squeeze"] = IntegerForm.Movement,
        ["Unsqueeze"] = IntegerForm.Movement,
        ["Slice"] = IntegerForm.Movement,
        ["Split"] = IntegerForm.Movement,
        ["Pad"] = IntegerForm.Movement,
        ["Gather"] = IntegerForm.Movement,
        ["Resize"] = IntegerForm.Movement,
        ["DepthToSpace"] = IntegerForm.Movement,
        ["SpaceToDepth"] = IntegerForm.Movement,
        ["Identity"] = IntegerForm.Movement,
        ["Relu"] = IntegerForm.Bound,
        ["Clip"] = IntegerForm.Bound,
    };

    /// <summary>The form in which a node computes with integers, or the reason why it does not.</summary>
    public static (IntegerForm Form, string? Reason) Of(Node node, ConstantValues constants, QuantizationScheme scheme)
    {
        if (node.Domain.Length > 0 || !s_forms.TryGetValue(node.OpType, out var form))
        {
            return No("the operator has no integer form");
        }

        if (node.Required(0).ElementType != ElementType.Float)
        {
            return No("it does not compute with 32-bit floats");
        }

        if (node.Outputs.Skip(1).Any(o => o is not null && (o.Uses.Count > 0 || o.IsGraphOutput)) && node.OpType != "Split")
        {
            return No("it has a second output");
        }

        switch (node.OpType)
        {
            case "ConvTranspose" when !scheme.IsForTensorRt:
                return No("ONNX Runtime has no integer kernel of it on CPUs");
            case "Conv" or "ConvTranspose" or "Gemm" or "MatMul":
                return constants[node.Required(0)] is not null ? No("its input is a constant")
                    : LayerWeights.Of(node, constants, out var reason) is null ? No(reason!)
                    : (form, null);
            case "Clip":
                return Bounds(node, constants) is var (low, high) && low <= 0 && high > 0
                    ? (form, null)
                    : No("its bounds are no constants around zero");
            case "Pad":
                return IsPaddedWithZeros(node, constants) ? (form, null) : No("it does not pad with zeros");
            case "Resize" when !IsInterpolating(node):
                return No("it extrapolates");
            default:
                return (form, null);
        }

        static (IntegerForm, string?) No(string reason) => (IntegerForm.None, reason);
    }

    /// <summary>The bounds of a Relu or a Clip; null where they are no constants.</summary>
    public static (double Low, double High)? Bounds(Node node, ConstantValues constants)
    {
        if (node.OpType == "Relu")
        {
            return (0, double.PositiveInfinity);
        }

        return Bound(1, "min", double.NegativeInfinity) is { } low && Bound(2, "max", double.PositiveInfinity) is { } high
            ? (low, high)
            : null;

        double? Bound(int input, string attribute, double otherwise) => node.Input(input) is { } value
            ? constants[value] is { Count: 1 } constant ? constant.ToDoubles()[0] : null
            : node.Attribute(attribute) is null ? otherwise : node.Float(attribute, 0);
    }

    private static bool IsPaddedWithZeros(Node node, ConstantValues constants) =>
        node.String("mode", "constant") != "constant"
        || (node.Float("value", 0) == 0
            && (node.Input(2) is not { } value || constants[value] is { Count: 1 } constant && constant.ToDoubles()[0] == 0));

    /// <summary>Cubic weights are negative in places.</summary>
    private static bool IsInterpolating(Node node) =>
        node.String("mode", "nearest") is "nearest" or "linear"
            && node.String("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize";
}
