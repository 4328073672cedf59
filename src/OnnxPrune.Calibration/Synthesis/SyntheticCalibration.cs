using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Synthesis;

/// <summary>Calibration inputs for whoever has none: <c>--calib synthetic</c>.</summary>
internal static class SyntheticCalibration
{
    // Each takes as many passes forward and back as steps.
    private const int UsualCount = 512;

    /// <summary>Makes the inputs where the options ask for such and nobody has made them yet.</summary>
    /// <exception cref="UsageException">The network has no statistics to make them from, or not one input of floats.</exception>
    /// <exception cref="UnsupportedModelException">Gradients cannot pass through an operator.</exception>
    public static void Ensure(LoadedModel loaded, MeasureOptions measure, IRunObserver observer)
    {
        if (!measure.SynthesizesCalib || measure.Made.Source is not null)
        {
            return;
        }

        using var session = loaded.Open(SessionSettings.Plain);
        var sizes = loaded.Concrete?.Inputs ?? measure.InputShapes;
        if (session.Inputs is not [{ ElementType: ElementType.Float } input] || input.Shape.Rank < 2
            || input.Shape.Skip(1).Select((d, i) => d.Size ?? sizes?.GetValueOrDefault(input.Name)?[i + 1]).ToArray() is not { } sample
            || sample.Contains(null))
        {
            throw new UsageException(
                "--calib synthetic wants a network with one input of floats whose sizes are known; give --input-shape, or real inputs.");
        }

        long[] dims = [.. sample.Select(s => s!.Value)];
        var made = observer.Watched(StepNames.MakingInputs, progress =>
        {
            using var synthesis = new InputSynthesis(loaded.Model, dims);
            return synthesis.Make(measure.CalibLimit ?? UsualCount, measure.Seed, progress, observer.Cancellation);
        });
        measure.Made.Source = new ReadyData("the network's own statistics", made, null, wasAsked: true);
    }
}
