namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The page of a comparison. What is not known for it is left out.</summary>
internal static class VerifyPage
{
    public static string Write(VerifyDocument document)
    {
        var (original, other, verification) = (document.Original, document.Other, document.Verification);
        return Page.Write(
            original is null || other is null
                ? "Two models compared"
                : $"{Path.GetFileName(other.File)} compared with {Path.GetFileName(original.File)}",
            original is null || other is null
                ? "The models could not be read."
                : $"{original.File} is the original, {other.File} the other.",
            [
                VerdictSection.Of(
                    document,
                    original is null || other is null ? [] : VerdictSection.Findings(original, other, verification),
                    document.Gates),
                original is null || other is null
                    ? null
                    : FiguresSection.Of(original, other, verification?.Latency, AccuracyPair.Of(verification?.Accuracy), "other"),
                .. MeasuredSections.Of(verification),
                ReproduceSection.Of(document, [original, other]),
            ]);
    }
}
