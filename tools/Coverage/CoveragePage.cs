using System.Globalization;
using OnnxPrune.Planning;

namespace Coverage;

/// <summary>docs/coverage.md.</summary>
internal static class CoveragePage
{
    private const string Head = """
        # Coverage

        Written by `tools/coverage`: every network that `tools/ModelMaker` makes (those for ImageNet at 32x32 pixels), and every model of
        `../shared/models` where that folder is there.

        * *can be cut*: the share of parameters and of MACs that depends on channels which can leave, and of the layers' output channels that can.
        * *pruned*: the parameters and MACs that are left at `params=60%`, or at the fewest that can be reached, marked with ≥; channels only,
          in multiples of 8 (4 where a group has few).
        * *error*: the relative error ‖masked − pruned‖ / ‖masked‖ on ONNX Runtime, the largest of all outputs. It is rounding. Networks in half
          precision have 11 significant bits; in quantized ones, sums that round differently fall on a neighbouring step.
        * *time*: of the pruned model over the original's on one thread, both measured in turn in the same run (the ratio of their fast runs).
          Small networks spend much of their time on calls and not on channels.
        * *what stays*: the reason that keeps most channels.


        """;

    /// <returns>The exit code.</returns>
    public static int Write(IEnumerable<CoverageRow> rows, TextWriter output)
    {
        var load = Load();
        string? provider = null;
        output.Write(Head);
        output.WriteLine(
            "| network | exporter | opset | can be cut: parameters | MACs | channels | pruned: parameters | MACs | error | time | what "
                + "stays |");
        output.WriteLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|");
        foreach (var row in rows)
        {
            output.WriteLine($"| {row.Name} | {row.Exporter} | {(row.Opset == 0 ? "" : row.Opset)} | {Cells(row)} |");
            provider ??= row.Latency?.Provider;
        }

        output.WriteLine("");
        output.WriteLine(
            $"Measured with {provider}, on {Environment.ProcessorCount} cores that others use too: load average {load} at the start, "
                + $"{Load()} at the end.");
        return 0;
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Cells(CoverageRow row)
    {
        if (row.Coverage is not { } found)
            return $"– | – | – | – | – | – | – | refused: {Plain(row.Refusal!)}";
        var misses = NetworkCoverage.Wanted.IsMet(found.After, found.Before) ? "" : "≥ ";
        return string.Join(
            " | ",
            Percent(found.Share.Parameters),
            Percent(found.Share.Macs),
            Percent(found.Share.Channels),
            misses + Percent(Ratio(found, c => c.Parameters)),
            Percent(Ratio(found, c => c.Macs)),
            found.Error is { } error ? error.ToString("0.0E+0", CultureInfo.InvariantCulture) : "–",
            row.Latency is { } time ? time.Racers[^1].QuietRatio.ToString("0.00", CultureInfo.InvariantCulture) : "–",
            Plain(found.Reason ?? ""));
    }

    private static double Ratio(NetworkCoverage found, Func<Cost, long> of) =>
        of(found.Before) == 0 ? 1 : (double)of(found.After) / of(found.Before);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");

    // A path of this machine is nobody else's business.
    private static string Plain(string text) =>
        text.Replace(OnnxPrune.Testing.SharedFiles.Folder, "../shared", StringComparison.Ordinal)
            .Replace("|", "\\|", StringComparison.Ordinal);
}
