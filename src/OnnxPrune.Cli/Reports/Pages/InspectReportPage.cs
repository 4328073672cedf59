using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The page of an inspection that has measured cuts: what each would do, and what cannot be cut.</summary>
internal static class InspectReportPage
{
    public static string Write(InspectDocument document)
    {
        var sensitivity = document.Sensitivity!;
        return Page.Write(
            $"{Path.GetFileName(document.File)}: what cuts would do",
            $"{document.File}: {Chart.Short(document.Macs)} MACs, {Chart.Short(document.Params)} parameters, "
            + $"{Numbers.Count(document.Blocks.Count, "residual block")}.",
            [
                SensitivitySection.Of(
                    new ReportSensitivity(
                        [.. sensitivity.Groups.Select(g => new ReportGroupDamage(g.Name, g.Channels, g.Channels, g.Options))],
                        [.. sensitivity.Blocks.Select(b => new ReportBlockDamage(b.Name, b.Damage, Removed: false))]),
                    isPlanned: false),
                StaysSection.Of(document.Blocked, document.Uncounted, [], null),
            ]);
    }
}
