using System.Text.Json.Serialization;

namespace OnnxPrune.Cli.Reports;

/// <summary>A comparison of two models as JSON.</summary>
/// <param name="Original">Null where it could not be read; as is the other.</param>
/// <param name="Verification">Null where the two could not be compared.</param>
internal sealed record VerifyDocument(
    [property: JsonIgnore] RunRecord Run, VerifyLimits Limits, ReportModel? Original, ReportModel? Other, ReportVerification? Verification)
    : RunRecord(Run)
{
    /// <summary>The limits that were asked for, and what was measured.</summary>
    public IReadOnlyList<ReportGate> Gates { get; init; } = [];
}

/// <summary>Null where not given.</summary>
internal sealed record VerifyLimits(double? MaxDrift, double? MaxDrop, double? MinSpeedup);
