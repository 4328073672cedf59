using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration.Statistics;

/// <summary>
/// Makes the sums of <see cref="NormalEquations"/> from a layer's input and the values that its output should come to, over the sampled positions of one batch after the other: rows
/// A [G, N·S, F] and T [G, N·S, M/G] by groups, and of those AᵀA and AᵀT on ONNX Runtime.
/// </summary>
internal sealed class RegressionStatistics : IDisposable
{
    private const long Opset = 17;

    private readonly RowLayout _layout;
    private readonly string[] _products;
    private readonly OnnxSession _session;
    private readonly SampledRows _features = new();
    private readonly SampledRows _targets = new();
    private readonly SampledRows _shortcuts = new();

    /// <param name="hasTarget">Whether there are targets T; else there is a Gram matrix without a regression.</param>
    public RegressionStatistics(RowLayout layout, bool hasTarget)
    {
        (_layout, _products) = (layout, hasTarget ? ["gram", "cross"] : ["gram"]);
        var sketch = new ModelSketch(Opset).Input("a", ElementType.Float, 3);
        var transposed = sketch.Node("Transpose", "a_transposed", ["a"], ("perm", (long[])[0, 2, 1]));
        sketch.Node("MatMul", "gram", [transposed, "a"]);
        if (hasTarget)
        {
            sketch.Input("t", ElementType.Float, 3).Node("MatMul", "cross", [transposed, "t"]);
        }

        foreach (var product in _products)
        {
            sketch.Output(product);
        }

        _session = OnnxSession.Open(sketch.ToBytes(), null, new SessionSettings { TakesTurns = true }, "the statistics");
    }

    /// <summary>Adds one batch to the sums, one per group.</summary>
    /// <param name="x">The layer's input [N, C, D...], or [N, D..., C] where the layout says so.</param>
    /// <param name="target">[N, M, D'...] or [N, D'..., M].</param>
    /// <param name="shortcut">What is taken from the target; null for nothing.</param>
    public void Add(NormalEquations[] sums, OrtValue x, OrtValue? target, OrtValue? shortcut, SamplePlan plan)
    {
        _features.Gather(x, _layout.ChannelsLast, _layout.Groups, _layout.Chosen, plan.Inputs, plan.Taps);
        using var features = _features.ToOrtValue();
        var inputs = new Dictionary<string, OrtValue> { ["a"] = features };
        if (target is not null)
        {
            _targets.Gather(target, _layout.ChannelsLast, _layout.Groups, null, plan.Outputs, 1);
            if (shortcut is not null)
            {
                _shortcuts.Gather(shortcut, _layout.ChannelsLast, _layout.Groups, null, plan.Outputs, 1);
                _targets.Subtract(_shortcuts);
            }
        }

        using var targets = target is null ? null : _targets.ToOrtValue();
        if (targets is not null)
        {
            inputs.Add("t", targets);
        }

        using var results = _session.Run(inputs, _products);
        var (featureSums, targetSums) = (_features.Sums(), target is null ? [] : _targets.Sums());
        for (var g = 0; g < sums.Length; g++)
        {
            sums[g].Add(
                PartOf(results[0].GetTensorDataAsSpan<float>(), g),
                target is null ? [] : PartOf(results[1].GetTensorDataAsSpan<float>(), g),
                PartOf(featureSums, g),
                PartOf(targetSums, g),
                target is null ? 0 : _targets.SumOfSquares(g),
                _features.Count);
        }

        ReadOnlySpan<float> PartOf(ReadOnlySpan<float> all, int group) => all.Slice(all.Length / sums.Length * group, all.Length / sums.Length);
    }

    public void Dispose() => _session.Dispose();
}
