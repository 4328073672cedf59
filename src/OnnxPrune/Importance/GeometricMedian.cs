using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Importance;

/// <summary>
/// The sum of a filter's distances to all other filters of its layer: what lies nearest the geometric median is what the others can
/// best stand in for (FPGM, He et al. 2019). Coupled layers' scores are divided by their means and averaged.
/// </summary>
internal sealed class GeometricMedian : Criterion
{
    public override string Name => "geometric-median";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group)
    {
        var axes = Axes(graph, group, ParameterRole.Produces).ToArray();
        if (axes.Length == 0)
        {
            return null;
        }

        var result = new double[group.Channels.Count];
        foreach (var axis in axes)
        {
            var distances = ByChannel(graph, group, axis, Distances(graph.Constants[axis.Value]!, axis.Axis), (a, b) => a + b);
            var mean = distances.Average();
            for (var i = 0; i < result.Length; i++)
            {
                result[i] += mean > 0 ? distances[i] / mean / axes.Length : 0;
            }
        }

        return result;
    }

    private static double[] Distances(Tensor weight, int axis)
    {
        var rows = Rows(weight, axis);
        var sums = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = i + 1; j < rows.Length; j++)
            {
                var distance = Distance(rows[i], rows[j]);
                sums[i] += distance;
                sums[j] += distance;
            }
        }

        return sums;
    }

    private static float[][] Rows(Tensor weight, int axis)
    {
        var (outer, length, inner) = WeightRows.Extents(weight, axis);
        var values = weight.ToFloats();
        var rows = new float[length][];
        for (var i = 0; i < length; i++)
        {
            rows[i] = new float[outer * inner];
            for (var o = 0; o < outer; o++)
            {
                values.AsSpan(((o * length) + i) * inner, inner).CopyTo(rows[i].AsSpan(o * inner));
            }
        }

        return rows;
    }

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var i = 0;
        var lanes = System.Numerics.Vector<float>.Zero;
        for (; i <= a.Length - System.Numerics.Vector<float>.Count; i += System.Numerics.Vector<float>.Count)
        {
            var difference = new System.Numerics.Vector<float>(a[i..]) - new System.Numerics.Vector<float>(b[i..]);
            lanes += difference * difference;
        }

        double sum = System.Numerics.Vector.Sum(lanes);
        for (; i < a.Length; i++)
        {
            sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
        }

        return Math.Sqrt(sum);
    }
}
