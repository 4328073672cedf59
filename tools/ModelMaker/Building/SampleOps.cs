using System.Runtime.Intrinsics;

namespace ModelMaker.Building;

/// <summary>The operators other than convolution, for the sample batch.</summary>
internal static class SampleOps
{
    /// <summary>BatchNormalization as factor * x + offset.</summary>
    public static (float[] Factor, float[] Offset) Affine(float[] scale, float[] shift, float[] mean, float[] variance, double epsilon)
    {
        var factor = new float[scale.Length];
        var offset = new float[scale.Length];
        for (var c = 0; c < scale.Length; c++)
        {
            var exact = scale[c] / Math.Sqrt(variance[c] + epsilon);
            (factor[c], offset[c]) = ((float)exact, (float)(shift[c] - exact * mean[c]));
        }

        return (factor, offset);
    }

    public static Sample Scale(Sample x, float[] factor, float[] offset)
    {
        var y = new Sample(x.Channels, x.Height, x.Width);
        for (var i = 0; i < y.Data.Length; i++)
        {
            var c = i / y.ChannelLength;
            y.Data[i] = factor[c] * x.Data[i] + offset[c];
        }

        return y;
    }

    public static Sample Map(Sample x, Func<float, float> function)
    {
        var y = new Sample(x.Channels, x.Height, x.Width);
        for (var i = 0; i < y.Data.Length; i++)
            y.Data[i] = function(x.Data[i]);
        return y;
    }

    /// <summary>Elementwise; B may be [C, 1, 1].</summary>
    public static Sample Combine(Sample a, Sample b, Func<float, float, float> function)
    {
        var y = new Sample(a.Channels, a.Height, a.Width);
        var broadcast = b.ChannelLength != a.ChannelLength;
        for (var i = 0; i < y.Data.Length; i++)
            y.Data[i] = function(a.Data[i], b.Data[broadcast ? i / y.ChannelLength * Sample.Lanes + i % Sample.Lanes : i]);
        return y;
    }

    /// <summary>The logistic function by arithmetic alone: the C library's exp differs in the last bit between machines.</summary>
    public static float Logistic(float x)
    {
        // exp(-x) = exp(-x / 1024)^1024, the inner one by its Taylor series; more than enough for statistics.
        var t = -Math.Clamp((double)x, -30, 30) / 1024;
        var power = 1 + t * (1 + t / 2 * (1 + t / 3 * (1 + t / 4)));
        for (var i = 0; i < 10; i++)
            power *= power;
        return (float)(1 / (1 + power));
    }

    public static Sample MaxPool(Sample x, int kernel, int stride, int padding) => Pool(x, kernel, stride, padding, Vector512.Max, false);

    public static Sample AveragePool(Sample x, int kernel, int stride) => Pool(x, kernel, stride, 0, (a, b) => a + b, true);

    /// <summary>[C, H, W] to [C·H·W, 1, 1]: the order of the numbers stays.</summary>
    public static Sample Flatten(Sample x)
    {
        var y = new Sample(x.Channels * x.Height * x.Width, 1, 1);
        x.Data.CopyTo(y.Data, 0);
        return y;
    }

    /// <summary>Y [M, H', W'], each of its channels and positions read from X, or zero where X has none.</summary>
    public static Sample Gather(Sample x, int channels, int height, int width, Func<int, int, int, (int C, int Y, int X)?> source)
    {
        var y = new Sample(channels, height, width);
        for (var c = 0; c < channels; c++)
            for (var oy = 0; oy < height; oy++)
                for (var ox = 0; ox < width; ox++)
                    if (source(c, oy, ox) is var (ic, iy, ix))
                        y[c, oy, ox] = x[ic, iy, ix];
        return y;
    }

    private static Sample Pool(Sample x, int kernel, int stride, int padding,
        Func<Vector512<float>, Vector512<float>, Vector512<float>> combine, bool average)
    {
        var y = new Sample(x.Channels, (x.Height + 2 * padding - kernel) / stride + 1, (x.Width + 2 * padding - kernel) / stride + 1);
        for (var c = 0; c < y.Channels; c++)
            for (var oy = 0; oy < y.Height; oy++)
                for (var ox = 0; ox < y.Width; ox++)
                    y[c, oy, ox] = Window(x, c, oy * stride - padding, ox * stride - padding, kernel, combine, average);
        return y;
    }

    private static Vector512<float> Window(Sample x, int c, int top, int left, int kernel,
        Func<Vector512<float>, Vector512<float>, Vector512<float>> combine, bool average)
    {
        Vector512<float>? result = null;
        for (var iy = Math.Max(0, top); iy < Math.Min(x.Height, top + kernel); iy++)
            for (var ix = Math.Max(0, left); ix < Math.Min(x.Width, left + kernel); ix++)
                result = result is { } sofar ? combine(sofar, x[c, iy, ix]) : x[c, iy, ix];
        return average ? result!.Value * (1f / (kernel * kernel)) : result!.Value;
    }
}
