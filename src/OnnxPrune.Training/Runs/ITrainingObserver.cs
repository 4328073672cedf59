namespace OnnxPrune.Training.Runs;

/// <summary>One step of a run.</summary>
/// <param name="Done">Steps of the whole run that are done.</param>
/// <param name="Total">All steps of the whole run.</param>
/// <param name="Loss">The mean over the epoch so far.</param>
/// <param name="Accuracy">On the augmented samples of the epoch so far, 0 to 1.</param>
/// <param name="Gates">How likely each block stays; empty where no gates learn.</param>
internal sealed record StepReport(
    Phase Phase, int Epoch, int Step, long Done, long Total, double Loss, double Accuracy, IReadOnlyList<double> Gates);

/// <summary>One epoch of a run.</summary>
/// <param name="Validation">Of the exported model on ONNX Runtime, on samples that are not trained on, 0 to 1; null without such
/// samples.</param>
/// <param name="ExpectedShare">What the gates leave of the cost on average; null where no gates learn or there is no target.</param>
/// <param name="Seconds">Of this epoch alone.</param>
internal sealed record EpochReport(
    Phase Phase, int Epoch, double Loss, double Accuracy, double? Validation, double LearningRate, IReadOnlyList<double> Gates,
    double? ExpectedShare, double Gamma, double Seconds);

/// <summary>The rest after a removal.</summary>
/// <param name="Validation">Right after it, before more training.</param>
internal sealed record CutReport(Phase Phase, int Blocks, int Channels, Planning.Cost Cost, double? Validation);

/// <summary>Is told how a run goes on.</summary>
internal interface ITrainingObserver
{
    void OnStep(StepReport report);

    void OnEpoch(EpochReport report);

    void OnCut(CutReport report);
}
