using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Calibration.Synthesis;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>Measures what every possible cut by itself does to a network's outputs, without cutting anything.</summary>
internal static class SensitivitySurvey
{
    /// <param name="measure">Names the calibration inputs.</param>
    /// <returns>The damage of every count of every group that can be measured, and of every block that can be removed.</returns>
    /// <exception cref="UsageException">The data cannot be read or do not fit the model.</exception>
    public static CutCandidates Take(LoadedModel loaded, NetworkAnalysis network, MeasureOptions measure, IRunObserver observer)
    {
        SyntheticCalibration.Ensure(loaded, measure, observer);
        var inputs = CalibrationInputs.Of(loaded, measure, network.Cost);
        var settings = new SessionSettings { Threads = measure.Sessions.Threads, Deterministic = true };
        var request = new PruneRequest { CutsBlocks = true, CutsChannels = true, Rounding = new Rounding(1) };
        return observer.Watched(StepNames.MeasuringCuts, progress =>
            CutSensitivity.Measure(
                network, request, inputs.Surveyed, inputs.Trials, settings, measure.Seed, progress.Report, observer.Cancellation));
    }
}
