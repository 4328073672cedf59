using OnnxPrune.Training.Runs;

namespace OnnxPrune.Training.Tests.Runs;

/// <summary>Keeps what a run reports, and stops it after some steps where that is wanted.</summary>
internal sealed class Recorder(int? stopAfter = null) : ITrainingObserver, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public List<StepReport> Steps { get; } = [];

    public List<EpochReport> Epochs { get; } = [];

    public List<CutReport> Cuts { get; } = [];

    public CancellationToken Stop => _stop.Token;

    public void OnStep(StepReport report)
    {
        Steps.Add(report);
        if (Steps.Count == stopAfter)
        {
            _stop.Cancel();
        }
    }

    public void OnEpoch(EpochReport report) => Epochs.Add(report);

    public void OnCut(CutReport report) => Cuts.Add(report);

    public void Dispose() => _stop.Dispose();
}
