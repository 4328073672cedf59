using Onnx;

namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    private readonly Dictionary<string, Convolution> convolutions = [];
    private readonly List<Normalization> normalizations = [];

    private sealed record Convolution(NodeProto Node, string Module, float[] Weights, float[]? Bias);

    private sealed record Normalization(NodeProto Node, float[] Factor, float[] Offset);

    // Only once the graph is complete is it known which Conv outputs have no other consumer.
    private void FoldBatchNorms()
    {
        foreach (var normalization in normalizations)
            if (convolutions.TryGetValue(normalization.Node.Input[0], out var convolution) && Consumers(convolution.Node.Output[0]) == 1)
                Fold(convolution, normalization);
    }

    private int Consumers(string value) => graph.Node.Sum(n => n.Input.Count(i => i == value));

    // Given: %1 = Conv(x, w, b); %2 = BatchNormalization(%1)   Result: %1 = Conv(x, factor * w, factor * b + offset)
    private void Fold(Convolution convolution, Normalization normalization)
    {
        var (node, module, weights, bias) = convolution;
        var (factor, offset) = (normalization.Factor, normalization.Offset);
        var fanIn = weights.Length / factor.Length;
        for (var i = 0; i < weights.Length; i++)
            weights[i] *= factor[i / fanIn];
        for (var c = 0; c < offset.Length; c++)
            offset[c] += bias is null ? 0 : factor[c] * bias[c];

        foreach (var gone in normalization.Node.Input.Skip(1))
            graph.Initializer.Remove(InitializerNamed(gone));
        InitializerNamed(node.Input[1]).RawData = Attributes.Bytes<float>(weights);
        if (bias is not null)
            InitializerNamed(node.Input[2]).RawData = Attributes.Bytes<float>(offset);
        else
            node.Input.Add(Initializer($"{module}.bias", offset, offset.Length));

        graph.Node.Remove(normalization.Node);
        features.RemoveAll(f => f.Name == normalization.Node.Output[0]);
        Rename(normalization.Node.Output[0], node.Output[0]);
    }

    private TensorProto InitializerNamed(string name) => graph.Initializer.First(t => t.Name == name);
}
