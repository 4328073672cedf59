using OnnxPrune.Channels;

namespace OnnxPrune.Importance;

/// <summary>
/// |BatchNormalization's scale|, the maximum over coupled layers: the criterion of BPCP (Huang and Wang 2020) and, before it, of
/// Network Slimming (Liu et al. 2017).
/// </summary>
internal sealed class BnScale : Criterion
{
    public override string Name => "bn-scale";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group)
    {
        var layers = Axes(graph, group, ParameterRole.Scales)
            .Select(a => ByChannel(graph, group, a, Array.ConvertAll(graph.Constants[a.Value]!.ToDoubles(), Math.Abs), Math.Max))
            .ToArray();
        return layers.Length == 0 ? null : [.. Enumerable.Range(0, group.Channels.Count).Select(i => layers.Max(l => l[i]))];
    }
}
