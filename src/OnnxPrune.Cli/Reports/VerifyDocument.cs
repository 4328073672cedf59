using OnnxPrune.Cli.Measuring;

namespace OnnxPrune.Cli.Reports;

/// <summary>A comparison of two models as JSON.</summary>
internal sealed record VerifyDocument(
    string Command, string Original, string Other, double? MaxDrift, ReportVersions Versions, ModelFigures OriginalFigures, ModelFigures OtherFigures, ReportVerification Verification)
{
    public int SchemaVersion { get; init; } = 1;
}
