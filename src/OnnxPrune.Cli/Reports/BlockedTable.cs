using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>Blocked channels, with the reasons.</summary>
internal static class BlockedTable
{
    private const int ShownLayers = 3;
    private const int ShownReasons = 20;

    public static void Show(IReadOnlyList<ReportBlocked> blocked, Terminal terminal)
    {
        var shown = terminal.IsVerbose ? blocked.Count : ShownReasons;
        foreach (var reason in blocked.Take(shown))
        {
            terminal.Line(
                $"  {Numbers.Count(reason.Channels, "channel")} of {Layers(reason, terminal.IsVerbose)}{Costs(reason)}: {reason.Reason}",
                indent: 4);
        }

        if (blocked.Count > shown)
        {
            terminal.Line($"  and {Numbers.Count(blocked.Count - shown, "further reason")} (-v shows all)");
        }
    }

    private static string Costs(ReportBlocked reason) => reason is InspectBlocked costs
        ? $" ({Numbers.Percent(costs.MacsShare)} of the MACs, {Numbers.Percent(costs.ParamsShare)} of the parameters)"
        : "";

    private static string Layers(ReportBlocked reason, bool all)
    {
        var shown = all ? reason.Layers.Count : ShownLayers;
        var names = string.Join(", ", reason.Layers.Take(shown));
        return reason.Layers.Count > shown ? $"{names} and {reason.Layers.Count - shown} more" : names;
    }
}
