using OnnxPrune.Planning;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// The pace of a layer from its times at a few widths: with all its channels, and with about half of those that it reads, of those that it
/// makes, and of both.
/// </summary>
internal static class LayerTimeFit
{
    private const int Sweeps = 500;
    private const double PicosecondsPerMillisecond = 1e9;

    /// <summary>
    /// Fits the terms of a <see cref="LayerPace"/>, none of them negative, so that relative errors are least in the square.
    /// </summary>
    /// <param name="counting">How channels are counted.</param>
    /// <param name="milliseconds">What a layer of a shape takes.</param>
    public static LayerPace Measure(LayerShape shape, LayerTimes counting, Func<LayerShape, double> milliseconds)
    {
        var widths = Widths(shape, counting.Tile).ToArray();
        return Fit([.. widths.Select(s => TermsOf(s, counting))], [.. widths.Select(s => milliseconds(s) * PicosecondsPerMillisecond)]);
    }

    private static IEnumerable<LayerShape> Widths(LayerShape shape, int tile)
    {
        var (inputs, outputs) = (Half(shape.Inputs, tile), Half(shape.Outputs, tile));
        IEnumerable<LayerShape> all = shape.IsDepthwise
            ? [shape, shape with { Inputs = inputs, Outputs = outputs }]
            : [shape, shape with { Outputs = outputs }, shape with { Inputs = inputs }, shape with { Inputs = inputs, Outputs = outputs }];

        // A layer is timed there and back: which of both widths is the input does not matter.
        return all.DistinctBy(s => (Math.Min(s.Inputs, s.Outputs), Math.Max(s.Inputs, s.Outputs)));
    }

    /// <summary>Half of the channels in whole tiles; all of them where there is only one tile.</summary>
    private static long Half(long channels, int tile) => channels <= tile ? channels : ((channels / 2) + tile - 1) / tile * tile;

    private static double[] TermsOf(LayerShape shape, LayerTimes counting)
    {
        if (shape.IsDepthwise)
        {
            return [shape.Macs / shape.Outputs * counting.Made(shape.Outputs), counting.Made(shape.Outputs), 1];
        }

        // There and back: the mean of both directions.
        var perPair = shape.Macs / (shape.Inputs * shape.Outputs);
        var (there, back) =
            (counting.Made(shape.Outputs) * counting.Read(shape.Inputs), counting.Made(shape.Inputs) * counting.Read(shape.Outputs));
        var channels = counting.Made(shape.Outputs)
            + counting.Read(shape.Inputs)
            + counting.Made(shape.Inputs)
            + counting.Read(shape.Outputs);
        return [perPair * (there + back) / 2, channels / 2, 1];
    }

    /// <summary>Least squares with no negative unknown, by coordinate descent.</summary>
    private static LayerPace Fit(double[][] terms, double[] times)
    {
        var scale = terms[0];
        var rows = terms.Select((t, i) => t.Select((v, j) => v / scale[j] / times[i]).ToArray()).ToArray();
        var x = new double[scale.Length];
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            for (var j = 0; j < x.Length; j++)
            {
                var gradient = rows.Sum(r => r[j] * (1 - r.Zip(x, (a, b) => a * b).Sum()));
                x[j] = Math.Max(0, x[j] + (gradient / rows.Sum(r => r[j] * r[j])));
            }
        }

        return new LayerPace(x[0] / scale[0], x[1] / scale[1], x[2] / scale[2]);
    }
}
