namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>max(x, 0).</summary>
    public Feature Relu(string module, Feature x) => Emit(module, "Relu", [x.Name], x.Dims, SampleOps.Map(x.Sample, v => MathF.Max(v, 0)));

    /// <summary>min(max(x, 0), 6), as a Clip.</summary>
    public Feature Relu6(string module, Feature x)
    {
        var (low, high) = (ScalarConstant(module, 0f), ScalarConstant(module, 6f));
        return Emit(module, "Clip", [x.Name, low, high], x.Dims, SampleOps.Map(x.Sample, v => Math.Clamp(v, 0, 6)));
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    public Feature Sigmoid(string module, Feature x) =>
        Emit(module, "Sigmoid", [x.Name], x.Dims, SampleOps.Map(x.Sample, SampleOps.Logistic));

    /// <summary>A + B, equal shapes.</summary>
    public Feature Add(string module, Feature a, Feature b) =>
        Emit(module, "Add", [a.Name, b.Name], a.Dims, SampleOps.Combine(a.Sample, b.Sample, (u, v) => u + v));

    /// <summary>A * B; B is A's shape or [N, C, 1, 1].</summary>
    public Feature Mul(string module, Feature a, Feature b) =>
        Emit(module, "Mul", [a.Name, b.Name], a.Dims, SampleOps.Combine(a.Sample, b.Sample, (u, v) => u * v));
}
