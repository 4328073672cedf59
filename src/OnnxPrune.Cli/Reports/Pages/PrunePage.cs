namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The page of a pruning run. What is not known for it is left out.</summary>
internal static class PrunePage
{
    public static string Write(ReportDocument document)
    {
        var name = Path.GetFileName(document.Input);
        var (original, pruned, verification) = (document.Original, document.Pruned, document.Verification);
        var latency = verification?.Latency ?? document.LatencySearch?.Latency;
        return Page.Write(
            document.ExitCode == 0 ? $"{name}, pruned" : $"{name}: not written",
            $"{document.Input} to {document.Output}{(document.CutBy is { } rule ? $", cut by {rule}" : "")}.",
            [
                VerdictSection.Of(
                    document,
                    original is null || pruned is null ? [] : VerdictSection.Findings(original, pruned, verification, latency),
                    document.Gates),
                original is null || pruned is null
                    ? null
                    : FiguresSection.Of(original, pruned, latency, AccuracyPair.Of(verification?.Accuracy), "pruned"),
                document.LatencySearch is { } search && original is not null ? SearchSection.Of(search, original) : null,
                document.LossSearch is { } tried
                    ? SearchSection.Of(
                        tried,
                        document.Options.MaxDrift ?? (
                            document.Options.MaxDrop is null ? Calibration.Sessions.PruningOptions.DefaultMaxDrift : null),
                        document.Options.MaxDrop)
                    : null,
                .. verification is null && latency is not null ? [LatencySection.Of(latency)] : MeasuredSections.Of(verification),
                document.Layers is { } layers ? LayersSection.Of(layers) : null,
                document.Blocks is { } blocks ? BlocksSection.Of(blocks) : null,
                document.Sensitivity is { } sensitivity ? SensitivitySection.Of(sensitivity, isPlanned: true) : null,
                StaysSection.Of(
                    document.Blocked ?? [],
                    document.Uncounted ?? [],
                    document.Quantization?.FloatIslands ?? [],
                    document.Quantization?.KeptFloat),
                ReproduceSection.Of(document, [original, pruned], document.Plan),
            ]);
    }
}
