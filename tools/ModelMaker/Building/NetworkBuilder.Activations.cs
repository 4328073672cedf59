namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>max(x, 0).</summary>
    public Feature Relu(string module, Feature x) => Map(module, "Relu", x, v => MathF.Max(v, 0));

    /// <summary>x, or a tenth of it where it is negative.</summary>
    public Feature LeakyRelu(string module, Feature x) =>
        Map(module, "LeakyRelu", x, v => v < 0 ? 0.1f * v : v, Attributes.Float("alpha", 0.1f));

    /// <summary>min(max(x, 0), 6), as a Clip.</summary>
    public Feature Relu6(string module, Feature x)
    {
        var sample = SampleOps.Map(x.Sample, v => Math.Clamp(v, 0, 6));
        if (options.Opset < 11)
            return EmitLike(x, module, "Clip", [x.Name], sample, Attributes.Float("max", 6), Attributes.Float("min", 0));
        var (low, high) = (ScalarConstant(module, 0f), ScalarConstant(module, 6f));
        return EmitLike(x, module, "Clip", [x.Name, low, high], sample);
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    public Feature Sigmoid(string module, Feature x) => Map(module, "Sigmoid", x, SampleOps.Logistic);

    /// <summary>min(max(x / 6 + 1/2, 0), 1).</summary>
    public Feature HardSigmoid(string module, Feature x) =>
        Map(module, "HardSigmoid", x, v => Math.Clamp(v / 6 + 0.5f, 0, 1), Attributes.Float("alpha", 1f / 6));

    /// <summary>x · hardsigmoid(x); one node from opset 14 on.</summary>
    public Feature HardSwish(string module, Feature x) => options.Opset >= 14
        ? Map(module, "HardSwish", x, v => v * Math.Clamp(v / 6 + 0.5f, 0, 1))
        : Mul(module, x, HardSigmoid(module, x));

    /// <summary>x · sigmoid(x).</summary>
    public Feature Silu(string module, Feature x) => Mul(module, x, Sigmoid(module, x));

    /// <summary>x · (1 + erf(x / √2)) / 2; one node from opset 20 on.</summary>
    public Feature Gelu(string module, Feature x)
    {
        if (options.Opset >= 20)
            return Map(module, "Gelu", x, SampleOps.Gelu, Attributes.Text("approximate", "none"));
        var scaled = EmitNode(module, "Div", [x.Name, ScalarConstant(module, 1.4142135f)]);
        var shifted = EmitNode(module, "Add", [EmitNode(module, "Erf", [scaled]), ScalarConstant(module, 1f)]);
        var doubled = EmitNode(module, "Mul", [x.Name, shifted]);
        return EmitLike(x, module, "Mul", [doubled, ScalarConstant(module, 0.5f)], SampleOps.Map(x.Sample, SampleOps.Gelu));
    }

    private Feature Map(
        string module, string op, Feature x, Func<float, float> function, params IEnumerable<Onnx.AttributeProto> attributes) =>
        EmitLike(x, module, op, [x.Name], SampleOps.Map(x.Sample, function), attributes);
}
