using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Cli.Quantizing;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>The summary of a quantization, for people.</summary>
internal static class QuantizeSummary
{
    private const int ShownIslands = 10;

    public static void Show(QuantizeResult result, Terminal terminal)
    {
        var (original, quantized, comparison) = (result.Original.Figures, result.Quantized.Figures, result.Comparison);
        var rows = SummaryRow.Of(original, quantized, comparison.Latency, comparison)
            .Where(r => r.Name is not ("Blocks" or "Channels" or "Parameters" or "MACs"));
        Tables.Show(terminal, ["", "Original", "Quantized", "Ratio"], rows.Select(r => new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        terminal.Line(
            $"{Numbers.Count(result.Network.IntegerLayers, "layer")} {(result.Network.IntegerLayers == 1 ? "computes" : "compute")} with "
                + $"8-bit integers, whose ranges come from {Numbers.Count(result.Samples, "sample")}.");
        foreach (var line in PruneSummary.HowItWasMeasured(original, quantized, comparison.Latency, comparison))
        {
            terminal.Line(line);
        }

        ShowIslands(result.Network.Islands, terminal);
    }

    /// <summary>The quantization of a pruned network.</summary>
    public static string Sentence(QuantizationFinding finding) => finding.WhyFloat is { } reason
        ? $"{reason}: kept float."
        : $"{Numbers.Count(finding.IntegerLayers, "layer")} compute with 8-bit integers, {Numbers.Times(finding.Race!.Speedup)} as fast as "
            + $"the pruned floats ({Numbers.Between(finding.Race.SpeedupInterval)} with 95 % of probability); "
            + $"{Numbers.Count(finding.Islands.Count, "node")} between them stayed float.";

    /// <summary>Lists the nodes that compute with floats between integers, with the reason.</summary>
    public static void ShowIslands(IReadOnlyList<FloatIsland> islands, Terminal terminal)
    {
        if (islands.Count == 0)
        {
            return;
        }

        terminal.Line("What computes with floats still:");
        var shown = terminal.IsVerbose ? islands.Count : ShownIslands;
        foreach (var island in islands.Take(shown))
        {
            var damage = island.Drift is { } drift ? FormattableString.Invariant($" (a drift of {drift:0.####} alone)") : "";
            terminal.Line($"  {island.Node}: {island.Reason}{damage}", indent: 4);
        }

        if (islands.Count > shown)
        {
            terminal.Line($"  and {Numbers.Count(islands.Count - shown, "further node")} (-v shows all)");
        }
    }
}
