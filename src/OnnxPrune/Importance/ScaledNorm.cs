using OnnxPrune.Channels;

namespace OnnxPrune.Importance;

/// <summary>
/// The product of both things that make a channel strong: its filter's Euclidean norm and, where there is a BatchNormalization, the scale
/// that follows it. Networks trained for sparsity show their weak channels by the scale, others by the filter.
/// </summary>
internal sealed class ScaledNorm : Criterion
{
    private readonly BnScale _scale = new();
    private readonly FilterNorm _norm = new(2);

    public override string Name => "scaled-norm";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group) =>
        (_norm.Score(graph, group), _scale.Score(graph, group)) switch
        {
            ({ } norms, { } scales) => [.. norms.Zip(scales, (n, s) => n * s)],
            var (norms, scales) => norms ?? scales,
        };
}
