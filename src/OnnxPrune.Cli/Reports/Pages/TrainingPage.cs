using System.Globalization;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The page of a training. What is not known for it is left out.</summary>
internal static class TrainingPage
{
    public static string Write(TrainingDocument document)
    {
        var (original, trained) = (document.Original, document.Trained);
        var done = document.Command == "train" ? "trained and pruned" : "finetuned";
        var name = Path.GetFileName(document.Input);
        return Page.Write(
            document.ExitCode == 0 ? $"{name}, {done}" : $"{name}: no result",
            $"{document.Input} to {document.Output}.",
            [
                VerdictSection.Of(document, Findings(document), []),
                original is null || trained is null
                    ? null
                    : FiguresSection.Of(
                        original,
                        trained,
                        document.Latency,
                        AccuracyPair.Of(document.Top1),
                        document.Command == "train" ? "pruned" : "finetuned"),
                document.Latency is { } latency ? LatencySection.Of(latency) : null,
                document.Options is { Count: > 0 } options
                    ? new Section(
                        "options",
                        "Options",
                        Table.Of("All that the result depends on", ["Option", "Value"], options.Select(o => new[] { o.Key, o.Value }), 2))
                    : null,
                ReproduceSection.Of(document, [original, trained]),
            ]);
    }

    private static IEnumerable<string> Findings(TrainingDocument document)
    {
        if (document is { Original: { } original, Trained: { } trained })
        {
            foreach (var finding in VerdictSection.Findings(original, trained, null, document.Latency))
            {
                yield return finding;
            }
        }

        if (document.Top1 is { } top1)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"top-1 accuracy {100 * top1.Before:0.00} % before and {100 * top1.After:0.00} % after, on {top1.Data}");
        }

        if (document.LowBits is { } few)
        {
            yield return few.Describe();
        }

        if (document.HeldOut is { } held)
        {
            var kept = held.Kept == "start" ? ", so that the weights of the start were kept" : "";
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"loss on {Numbers.Count(held.Samples, "sample")} held back {held.LossAtStart:0.0000} at the start "
                + $"and {held.LossAtEnd:0.0000} at the end{kept}");
        }
    }
}
