namespace ModelMaker.Building;

/// <summary>Operators that mix channels or positions.</summary>
internal static partial class SampleOps
{
    /// <summary>Half-pixel linear interpolation by a whole factor.</summary>
    public static Sample Interpolate(Sample x, int factor)
    {
        var y = new Sample(x.Channels, factor * x.Height, factor * x.Width);
        for (var oy = 0; oy < y.Height; oy++)
            for (var ox = 0; ox < y.Width; ox++)
            {
                var ((top, bottom, down), (left, right, across)) = (Between(oy, factor, x.Height), Between(ox, factor, x.Width));
                for (var c = 0; c < y.Channels; c++)
                    y[c, oy, ox] = (1 - down) * ((1 - across) * x[c, top, left] + across * x[c, top, right])
                        + down * ((1 - across) * x[c, bottom, left] + across * x[c, bottom, right]);
            }

        return y;
    }

    /// <summary>Every position with mean 0 and variance 1 over its channels.</summary>
    public static Sample Standardize(Sample x, double epsilon)
    {
        var y = new Sample(x.Channels, x.Height, x.Width);
        for (var i = 0; i < x.ChannelLength; i++)
            Standardize(x, y, 0, x.Channels, i, 1, x.ChannelLength, epsilon);
        return y;
    }

    /// <summary>Every input's groups of channels with mean 0 and variance 1 over channels and positions.</summary>
    public static Sample StandardizeGroups(Sample x, int groups, double epsilon)
    {
        var y = new Sample(x.Channels, x.Height, x.Width);
        var perGroup = x.Channels / groups;
        for (var group = 0; group < groups; group++)
            for (var lane = 0; lane < Sample.Lanes; lane++)
                Standardize(x, y, group * perGroup, perGroup, lane, x.Height * x.Width, Sample.Lanes, epsilon);
        return y;
    }

    /// <summary>Q, K, V [C, T, 1]; Y [C, T, 1].</summary>
    public static Sample Attend(Sample query, Sample key, Sample value, int heads)
    {
        var y = new Sample(value.Channels, value.Height, 1);
        var width = value.Channels / heads;
        var scores = new double[value.Height];
        for (var head = 0; head < heads; head++)
            for (var to = 0; to < y.Height; to++)
                for (var lane = 0; lane < Sample.Lanes; lane++)
                {
                    for (var from = 0; from < y.Height; from++)
                        scores[from] = Enumerable.Range(head * width, width)
                            .Sum(c => (double)query.Data[query.Index(c, to, 0) + lane] * key.Data[key.Index(c, from, 0) + lane])
                                / Math.Sqrt(width);
                    var largest = scores.Max();
                    for (var from = 0; from < y.Height; from++)
                        scores[from] = Exp(scores[from] - largest);
                    var sum = scores.Sum();
                    for (var c = head * width; c < (head + 1) * width; c++)
                        y.Data[y.Index(c, to, 0) + lane] =
                            (float)(Enumerable.Range(0, y.Height)
                                .Sum(from => scores[from] * value.Data[value.Index(c, from, 0) + lane]) / sum);
                }

        return y;
    }

    private static (int Low, int High, float Part) Between(int place, int factor, int length)
    {
        var exact = Math.Max(0, (place + 0.5f) / factor - 0.5f);
        var low = Math.Min((int)exact, length - 1);
        return (low, Math.Min(low + 1, length - 1), exact - low);
    }

    // The numbers first + k·step, for every k below count, of some channels.
    private static void Standardize(Sample x, Sample y, int channel, int channels, int first, int count, int step, double epsilon)
    {
        double sum = 0, squares = 0;
        for (var c = channel; c < channel + channels; c++)
            for (var k = 0; k < count; k++)
            {
                double v = x.Data[c * x.ChannelLength + first + k * step];
                sum += v;
                squares += v * v;
            }

        var mean = sum / (channels * count);
        var factor = 1 / Math.Sqrt(Math.Max(0, squares / (channels * count) - mean * mean) + epsilon);
        for (var c = channel; c < channel + channels; c++)
            for (var k = 0; k < count; k++)
            {
                var at = c * x.ChannelLength + first + k * step;
                y.Data[at] = (float)((x.Data[at] - mean) * factor);
            }
    }
}
