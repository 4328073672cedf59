using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>A network whose layers compute with 8-bit integers, in the form that ONNX Runtime and TensorRT fuse.</summary>
/// <param name="Model">With QuantizeLinear and DequantizeLinear around its layers.</param>
/// <param name="IntegerLayers">How many layers with weights compute with integers.</param>
/// <param name="Islands">What computes with floats between them, with the reason.</param>
public sealed record QuantizedNetwork(Model Model, int IntegerLayers, IReadOnlyList<FloatIsland> Islands);

/// <summary>Turns a trained network into one of 8-bit integers by what it computes on unlabelled inputs.</summary>
public static class PostTrainingQuantizer
{
    /// <param name="model">With element types and shapes; is not changed.</param>
    /// <param name="batches">The calibration inputs of each batch.</param>
    /// <param name="progress">Is told the share that is done, 0 to 1.</param>
    /// <exception cref="UnsupportedModelException">The network has no layer that can compute with integers.</exception>
    public static QuantizedNetwork Run(
        Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, QuantizationScheme scheme, SessionSettings settings, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var draft = QuantizationDraft.Of(model, scheme);
        var staysFloat = new Dictionary<string, string>();
        var partition = draft.Partition(staysFloat);
        if (!partition.Layers.Any())
        {
            throw new UnsupportedModelException(partition.Islands is [var first, ..]
                ? $"No layer can compute with integers; {first.Node}: {first.Reason}."
                : "No layer can compute with integers: there is no Conv, Gemm or MatMul with weights.");
        }

        Value[] ranged = [.. draft.Values(partition).Select(v => v.Scaled).Distinct()];
        var histograms = ActivationSurvey.Take(draft.Model, ranged, batches, settings, progress, cancellation);
        var parameters = histograms.ToDictionary(h => h.Key, h => h.Value.Best(scheme));
        var quantized = draft.Quantize(
            staysFloat,
            v => v.Bounded(parameters[v.Scaled.Name], scheme),
            (weights, inputScale) => QuantizedWeights.Nearest(weights, scheme, inputScale));
        return new QuantizedNetwork(quantized, partition.Layers.Count(), partition.Islands);
    }
}
