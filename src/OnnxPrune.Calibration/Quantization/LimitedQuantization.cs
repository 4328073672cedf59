using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>As many layers in integers as limits of loss allow, with a line for each network that is tried.</summary>
internal static class LimitedQuantization
{
    /// <param name="savings">The milliseconds that integers save in each layer; see <see cref="PostTrainingQuantizer.Within"/>.</param>
    /// <returns>Null where no layer can compute with integers within the limits.</returns>
    public static QuantizedNetwork? Run(
        PostTrainingQuantizer quantizer, LossLimits limits, Func<IReadOnlyDictionary<string, double>> savings, IRunObserver observer) =>
        observer.Watched(StepNames.SearchingLimits, progress => quantizer.Within(m => IsWithin(m, limits, observer), savings, progress));

    private static bool IsWithin(Model model, LossLimits limits, IRunObserver observer)
    {
        observer.Cancellation.ThrowIfCancellationRequested();
        var loss = limits.Measure(model);
        observer.Point(
            $"{Numbers.Count(model.Graph.Nodes.Count(n => n.OpType == "QuantizeLinear"), "value")} in integers: {loss}, "
                + (loss.IsWithin ? "within the limits" : "too much"));
        return loss.IsWithin;
    }
}
