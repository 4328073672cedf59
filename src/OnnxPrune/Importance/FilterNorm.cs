using OnnxPrune.Algebra;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Importance;

/// <summary>
/// The norm of the filter that makes a channel (Li et al. 2017). Each coupled layer's norms are divided by their mean, so that no
/// layer outweighs the others, and averaged. Channels that no weight makes are judged by the weights that read them.
/// </summary>
/// <param name="order">1 for sums of absolute values, 2 for Euclidean lengths.</param>
internal sealed class FilterNorm(int order) : Criterion
{
    public override string Name => order == 1 ? "l1" : "l2";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group)
    {
        var axes = Axes(graph, group, ParameterRole.Produces).ToArray();
        axes = axes.Length > 0 ? axes : [.. Axes(graph, group, ParameterRole.Consumes)];
        if (axes.Length == 0)
        {
            return null;
        }

        var result = new double[group.Channels.Count];
        foreach (var axis in axes)
        {
            var sums = ByChannel(graph, group, axis, Sums(graph.Constants[axis.Value]!, axis.Axis), (a, b) => a + b);
            var norms = order == 1 ? sums : Array.ConvertAll(sums, Math.Sqrt);
            var mean = norms.Average();
            for (var i = 0; i < result.Length; i++)
            {
                result[i] += mean > 0 ? norms[i] / mean / axes.Length : 0;
            }
        }

        return result;
    }

    /// <summary>For each index along an axis, the sum of |w| or w² over all other axes.</summary>
    private double[] Sums(Tensor weight, int axis)
    {
        var (outer, length, inner) = WeightRows.Extents(weight, axis);
        var values = weight.ElementType == ElementType.Float ? weight.As<float>() : weight.ToFloats();
        var sums = new double[length];
        for (var o = 0; o < outer; o++)
        {
            for (var i = 0; i < length; i++)
            {
                sums[i] += Sum(values.Slice(((o * length) + i) * inner, inner));
            }
        }

        return sums;
    }

    private double Sum(ReadOnlySpan<float> row)
    {
        if (order == 2)
        {
            return DenseKernels.Squares(row);
        }

        var sum = 0.0;
        foreach (var w in row)
        {
            sum += Math.Abs(w);
        }

        return sum;
    }
}
