using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>
/// Makes the sums of <see cref="NormalEquations"/> from a layer's input and the values that its output should come to, over the sampled
/// positions of a batch: rows A [G, N·S, F] and T [G, N·S, M/G] by groups, and of those AᵀA and TᵀA on ONNX Runtime. Several threads may
/// ask at once.
/// </summary>
internal sealed class RegressionStatistics : IDisposable
{
    private const long Opset = 17;

    private readonly string[] _products;
    private readonly OnnxSession _session;
    private readonly ConcurrentBag<Rows> _idle = [];

    /// <param name="hasTarget">Whether there are targets T; else there is a Gram matrix without a regression.</param>
    public RegressionStatistics(bool hasTarget, SessionSettings settings)
    {
        _products = hasTarget ? ["gram", "cross"] : ["gram"];
        var sketch = new SubmodelBuilder(Opset).Input("a", ElementType.Float, 3);
        sketch.Node("MatMul", "gram", [Transposed("a"), "a"]);
        if (hasTarget)
        {
            sketch.Input("t", ElementType.Float, 3).Node("MatMul", "cross", [Transposed("t"), "a"]);
        }

        foreach (var product in _products)
        {
            sketch.Output(product);
        }

        _session = OnnxSession.Open(sketch.ToBytes(), null, settings, "the statistics");

        string Transposed(string rows) => sketch.Node("Transpose", $"{rows}_transposed", [rows], ("perm", (long[])[0, 2, 1]));
    }

    /// <summary>The sums over one batch.</summary>
    /// <param name="x">The layer's input [N, C, D...], or [N, D..., C] where the layout says so.</param>
    /// <param name="target">[N, M, D'...] or [N, D'..., M]; null where there are none.</param>
    /// <param name="shortcut">What is taken from the target; null for nothing.</param>
    public BatchSums Of(RowLayout layout, OrtValue x, OrtValue? target, OrtValue? shortcut, SamplePlan plan)
    {
        // The memory of one batch serves for the next one.
        var rows = _idle.TryTake(out var idle) ? idle : new Rows(new SampledRows(), new SampledRows(), new SampledRows());
        rows.Features.Gather(x, layout.ChannelsLast, layout.Groups, layout.Chosen, plan.Inputs, plan.Taps);
        using var features = rows.Features.ToOrtValue();
        var inputs = new Dictionary<string, OrtValue> { ["a"] = features };
        if (target is not null)
        {
            rows.Targets.Gather(target, layout.ChannelsLast, layout.Groups, null, plan.Outputs, 1);
            if (shortcut is not null)
            {
                rows.Shortcuts.Gather(shortcut, layout.ChannelsLast, layout.Groups, null, plan.Outputs, 1);
                rows.Targets.Subtract(rows.Shortcuts);
            }
        }

        using var targets = target is null ? null : rows.Targets.ToOrtValue();
        if (targets is not null)
        {
            inputs.Add("t", targets);
        }

        var sums = new BatchSums(layout, rows.Features, target is null ? null : rows.Targets, _session.Run(inputs, _products));
        _idle.Add(rows);
        return sums;
    }

    public void Dispose() => _session.Dispose();

    private sealed record Rows(SampledRows Features, SampledRows Targets, SampledRows Shortcuts);
}
