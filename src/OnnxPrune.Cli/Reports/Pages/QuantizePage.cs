using OnnxPrune.Cli.Quantizing;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The page of a quantization. What is not known for it is left out.</summary>
internal static class QuantizePage
{
    public static string Write(QuantizeDocument document, QuantizeOptions options)
    {
        var (original, quantized, verification) = (document.Original, document.Quantized, document.Verification);
        var name = Path.GetFileName(options.Input);
        return Page.Write(
            document.ExitCode == 0 ? $"{name}, quantized" : $"{name}: not written",
            $"{options.Input} to {options.Output}, with 8-bit integers for {document.Target}.",
            [
                VerdictSection.Of(document, Findings(document), document.Gates),
                original is null || quantized is null
                    ? null
                    : FiguresSection.Of(original, quantized, verification?.Latency, AccuracyPair.Of(verification?.Accuracy), "quantized"),
                .. MeasuredSections.Of(verification),
                StaysSection.Of([], [], document.FloatIslands ?? [], null),
                ReproduceSection.Of(document, [original, quantized]),
            ]);
    }

    private static IEnumerable<string> Findings(QuantizeDocument document) =>
        document is { Original: { } original, Quantized: { } quantized, IntegerLayers: { } layers, Samples: { } samples }
        ? VerdictSection.Findings(original, quantized, document.Verification).Prepend(
            $"{Numbers.Count(layers, "layer")} with integers whose ranges come from {Numbers.Count(samples, "sample")}")
        : [];
}
