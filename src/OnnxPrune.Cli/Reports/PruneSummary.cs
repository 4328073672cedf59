using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Reports;

/// <summary>The summary of a run on stdout.</summary>
internal static class PruneSummary
{
    // From here on a classifier decides otherwise for many inputs.
    private const double LargeDrift = 0.2;

    // The share of the ideal gain below which advice is given.
    private const double LittleGain = 0.75;

    // Integers are to gain beyond that.
    private const double LittleGainOfIntegers = 1;

    public static void Show(RunFindings result, Terminal terminal)
    {
        Tables.Show(terminal, ["", "Original", "Pruned", "Ratio"], SummaryRow.Of(
            result.Original, result.Pruned, result.Latency, result.Comparison).Select(r =>
            new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        terminal.Line(WhatWasCut(result));
        if (result.Cut.Request?.For is { } target && target != DeploymentTarget.Here)
        {
            terminal.Line($"Meant for {target.Name}: {target.Reason}");
        }

        if (result.Cut.Quantization is { } quantization)
        {
            terminal.Line(QuantizeSummary.Sentence(quantization));
            QuantizeSummary.ShowIslands(quantization.Model is null ? [] : quantization.Islands, terminal);
        }

        foreach (var line in HowItWasMeasured(result.Original, result.Pruned, result.Latency, result.Comparison))
        {
            terminal.Line(line);
        }

        if (WhatWouldBeFaster(result) is { } faster)
        {
            terminal.Line(faster);
        }

        if (WhatWasNotCounted(result.Cut.Outcome) is { } uncounted)
        {
            terminal.Line(uncounted);
        }

        if (Advice(result) is { } advice)
        {
            terminal.Line(advice);
        }

        if (result.Cut.Outcome.ChangedNothing && !result.Cut.IsFixed)
        {
            SayWhatWouldHelp(result.Options, terminal);
        }

        if (result.Cut.IsFixed && result.Cut.Outcome.Original.Channels.Blocked.Count > 0)
        {
            terminal.Line("Channels that must stay:");
            BlockedTable.Show(PruneReport.Blocked(result.Cut.Outcome.Original.Channels.Blocked), terminal);
        }
    }

    /// <summary>A command to copy, where something could be cut and nothing was asked for that did.</summary>
    private static void SayWhatWouldHelp(PruneOptions options, Terminal terminal)
    {
        if (options.HasTargets || options.Plan is not null)
        {
            return;
        }

        terminal.Line(options.Measure.Calib is null
            ? "To make it smaller, say by how much, and give some hundred inputs without labels (a folder of images, .npy, .npz), which "
                + "choose what goes and repair what stays:"
            : "To make it smaller, say by how much:");
        string?[] parts =
        [
            "onnxprune",
            ShellWord.Quoted(options.Input),
            ShellWord.Quoted(options.Output),
            "--target macs=50%",
            $"--calib {ShellWord.Quoted(options.Measure.Calib ?? "IMAGES")}",
            options.Measure.Normalize is { } how ? $"--normalize {ShellWord.Quoted(how)}" : null,
        ];
        terminal.Command([.. parts.OfType<string>()]);
    }

    /// <summary>Advice where the outputs have changed much and nothing was repaired by inputs; null otherwise.</summary>
    public static string? Advice(RunFindings result) =>
        result.Cut.Outcome is { ChangedNothing: false, CalibrationSamples: 0 } && result.Comparison?.Drift.Total is > LargeDrift
            ? "The outputs are very different now. With --calib and some hundred unlabelled inputs, onnxprune chooses and repairs by them."
            : null;

    /// <summary>
    /// Advice where a target of cost left counts of channels between the blocks that kernels compute, and gave little time.
    /// </summary>
    public static string? WhatWouldBeFaster(RunFindings result)
    {
        var (options, cut, block) = (result.Options, result.Cut, ChannelMultiple.Usual(ExecutionProvider.Cpu));
        var isFree = options is { Multiple: null, Targets: { Costs.Count: > 0, Times.Count: 0 } }
            && Providers.Resolve(options.Measure.Sessions.Provider) == ExecutionProvider.Cpu
            && cut.Outcome.Plan.Channels.Any(c => (c.Of - c.Cut.Count) % block != 0);
        var little = cut.Quantization is { WhyFloat: null } ? LittleGainOfIntegers : LittleGain;
        return isFree && result.Latency is { } race && IdealGain.Realized(result.Original, result.Pruned, race) < little
            ? $"This CPU computes {block} channels at a time: with --round {block} the same MACs often take less time, which costs small "
                + "networks accuracy, and a target like speedup=2 is met by the clock."
            : null;
    }

    /// <summary>Null where the MACs of every layer are known.</summary>
    public static string? WhatWasNotCounted(PruneOutcome outcome) => outcome.Original.Uncounted is [var first, ..]
        ? $"The MACs leave out {Numbers.Count(outcome.Original.Uncounted.Count, "layer")}: {first.Node}: "
            + $"{first.Reason}{(outcome.Original.Uncounted.Count > 1 ? " (inspect lists all)" : "")}."
        : null;

    /// <summary>One sentence.</summary>
    public static string WhatWasCut(RunFindings result)
    {
        var outcome = result.Cut.Outcome;
        if (outcome.ChangedNothing)
        {
            return $"Nothing was cut, the output is the same network: {result.Cut.WhyNothing}.";
        }

        var parts = new List<string>();
        if (outcome.Plan.Blocks.Count > 0)
        {
            parts.Add(Numbers.Count(outcome.Plan.Blocks.Count, "block"));
        }

        if (outcome.Plan.Channels.Count > 0)
        {
            parts.Add(
                $"{Numbers.Count(outcome.Plan.Channels.Sum(c => c.Cut.Count), "coupled channel")} in "
                    + $"{Numbers.Count(outcome.Plan.Channels.Count, "set")}");
        }

        (int Count, string Word)[] dead = [(outcome.DeadBlocks, "dead block"), (outcome.DeadChannels, "dead channel")];
        string[] counts = [.. dead.Where(d => d.Count > 0).Select(d => Numbers.Count(d.Count, d.Word))];
        var free = counts.Length > 0 ? $", of which {string.Join(" and ", counts)} cost nothing" : "";
        var absorbed = outcome.AbsorbedReaders > 0
            ? $" {Numbers.Count(outcome.AbsorbedReaders, "layer")} make up for removed channels by similar ones and means."
            : "";
        var together = outcome.FittedTogether > 0 ? $", then together in {Numbers.Count(outcome.FittedTogether, "region")}" : "";
        var distilled = outcome.DistilledEpochs > 0
            ? $", then all together in {Numbers.Count(outcome.DistilledEpochs, "round")} of distillation"
            : "";
        var repaired = outcome.Repaired > 0
            ? $" {Numbers.Count(outcome.Repaired, "layer")} fitted to {Numbers.Count(outcome.CalibrationSamples, "calibration input")}"
                + $"{together}{distilled}."
            : "";
        return $"Cut by {result.Cut.Rule}: {string.Join(" and ", parts)}{free}.{absorbed}{repaired}";
    }

    public static IEnumerable<string> HowItWasMeasured(
        ModelFigures original, ModelFigures pruned, LatencyReport? latency, Comparison? comparison)
    {
        if (latency is not null)
        {
            yield return Numbers.Race(latency);
        }

        if (comparison?.Cleared is { } cleared)
        {
            yield return $"The original has {Numbers.Count(cleared.Vanishing, "weight")} too small for single precision to notice, which "
                + $"slow some processors down; beside a copy with zeros for them, {Numbers.Times(cleared.Latency.Speedup)} as fast.";
        }

        // What an original loses by weights that vanish, no cut has gained.
        if ((comparison?.Cleared?.Latency ?? latency) is { } race && IdealGain.Sentence(original, pruned, race) is { } gain)
        {
            yield return gain;
        }

        if (comparison is null)
        {
            yield return latency is null ? "Not verified: neither model was run." : "Not verified: the outputs were not compared.";
            yield break;
        }

        yield return $"Drift: relative output error on {comparison.DriftInputs}.";
        if (comparison.AccuracyData is { } data)
        {
            yield return $"Accuracy: {data}.{Intervals(comparison.Accuracy!)}";
        }
    }

    private static string Intervals(AccuracyReport accuracy) => accuracy.Models is [{ Top1: { } before }, { Top1: { } after }]
        ? $" With 95 % of probability it lies in {Interval(before, accuracy.Samples)} and {Interval(after, accuracy.Samples)}, as far as "
            + "so many samples tell."
        : "";

    private static string Interval(double top1, int samples) =>
        ModelAccuracy.Interval(top1, samples) is var (low, high)
            ? FormattableString.Invariant($"{100 * low:0.0} to {100 * high:0.0} %")
            : "";
}
