using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Pruning;

/// <summary>All that a run found out, for the summary and the reports.</summary>
/// <param name="Comparison">Null with --no-verify.</param>
/// <param name="Layers">Null without a report.</param>
internal sealed record RunFindings(
    PruneOptions Options,
    PruningResult Cut,
    ModelFigures Original,
    ModelFigures Pruned,
    Comparison? Comparison,
    IReadOnlyList<LayerChange>? Layers)
{
    /// <summary>Both models as a report has them; null without a report.</summary>
    public (ReportModel Original, ReportModel Pruned)? Files { get; init; }

    /// <summary>Null where the models were not raced.</summary>
    public LatencyReport? Latency => Comparison?.Latency ?? Cut.Latency?.Race;
}
