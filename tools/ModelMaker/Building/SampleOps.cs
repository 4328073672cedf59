using System.Runtime.Intrinsics;

namespace ModelMaker.Building;

/// <summary>The operators other than convolution, for the sample batch.</summary>
internal static partial class SampleOps
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

    /// <summary>
    /// The exponential of a number in [-30, 30], by arithmetic alone: the C library's exp differs in the last bit between machines.
    /// </summary>
    public static double Exp(double x)
    {
        // exp(x) = exp(x / 1024)^1024, the inner one by its Taylor series; more than enough for statistics.
        var t = Math.Clamp(x, -30, 30) / 1024;
        var power = 1 + t * (1 + t / 2 * (1 + t / 3 * (1 + t / 4)));
        for (var i = 0; i < 10; i++)
            power *= power;
        return power;
    }

    public static float Logistic(float x) => (float)(1 / (1 + Exp(-(double)x)));

    /// <summary>x · (1 + erf(x / √2)) / 2.</summary>
    public static float Gelu(float x)
    {
        // erf after Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: off by 1.5e-7 at most.
        var z = Math.Abs(x) * 0.70710678118654752;
        var t = 1 / (1 + 0.3275911 * z);
        var series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        var erf = 1 - series * Exp(-z * z);
        return (float)(x * (1 + (x < 0 ? -erf : erf)) / 2);
    }

    public static Sample MaxPool(Sample x, int kernel, int stride, int padding) =>
        Pool(x, new Window(kernel, stride, padding), Vector512.Max, false);

    /// <summary>Zeros of the padding count.</summary>
    public static Sample AveragePool(Sample x, int kernel, int stride, int padding) =>
        Pool(x, new Window(kernel, stride, padding), (a, b) => a + b, true);

    /// <summary>[C, T, 1] to [C, 1, 1].</summary>
    public static Sample Mean(Sample x) => Pool(x, new Window(x.Height, x.Width, 1, 0, 0), (a, b) => a + b, true);

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

    private static Sample Pool(Sample x, Window window, Func<Vector512<float>, Vector512<float>, Vector512<float>> combine, bool average)
    {
        var y = new Sample(x.Channels, window.Height(x.Height), window.Width(x.Width));
        for (var c = 0; c < y.Channels; c++)
            for (var oy = 0; oy < y.Height; oy++)
                for (var ox = 0; ox < y.Width; ox++)
                    y[c, oy, ox] = At(x, c, window.Top(oy), window.Left(ox), window, combine, average);
        return y;
    }

    private static Vector512<float> At(Sample x, int c, int top, int left, Window window,
        Func<Vector512<float>, Vector512<float>, Vector512<float>> combine, bool average)
    {
        Vector512<float>? result = null;
        for (var iy = Math.Max(0, top); iy < Math.Min(x.Height, top + window.KernelHeight); iy++)
            for (var ix = Math.Max(0, left); ix < Math.Min(x.Width, left + window.KernelWidth); ix++)
                result = result is { } sofar ? combine(sofar, x[c, iy, ix]) : x[c, iy, ix];
        return average ? result!.Value * (1f / window.Area) : result!.Value;
    }
}
