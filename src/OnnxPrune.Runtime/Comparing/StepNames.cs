namespace OnnxPrune.Runtime.Comparing;

/// <summary>The long steps, as they are shown and reported.</summary>
internal static class StepNames
{
    public const string MakingInputs = "making inputs";
    public const string TimingLayers = "timing the layers";
    public const string MeasuringCuts = "measuring what each cut does";
    public const string WeighingBlocks = "weighing blocks against channels";
    public const string SearchingTime = "searching by races";
    public const string SearchingLimits = "searching within the limits";
    public const string Repairing = "repairing";
    public const string Distilling = "distilling";
    public const string Quantizing = "quantizing";
    public const string Drift = "measuring the drift";
    public const string Accuracy = "measuring the accuracy";
    public const string Score = "running the metric command";
    public const string Latency = "measuring the latency";
}
