using System.Runtime.Intrinsics;

namespace ModelMaker.Building;

/// <summary>Convolution of the sample batch.</summary>
internal static class SampleConv
{
    private const int Block = 4;

    /// <summary>X [C, H, W], W [M, C], B [M], Y [M, H, W]: every position by itself.</summary>
    public static Sample Pointwise(Sample x, float[] weights, float[]? bias, int channels) =>
        Run(x, weights, bias, channels, new Window(1), groups: 1);

    /// <summary>X [C, H, W], W [M, C/groups, kH, kW], B [M], Y [M, H', W'].</summary>
    public static Sample Run(Sample x, float[] weights, float[]? bias, int channels, Window window, int groups)
    {
        var y = new Sample(channels, window.Height(x.Height), window.Width(x.Width));
        var perGroup = channels / groups;
        var inputs = x.Channels / groups;
        // Four filters share every load of X. Outputs do not depend on each other, so threads change nothing in the result.
        var block = perGroup % Block == 0 ? Block : 1;
        Parallel.For(0, channels / block, b =>
        {
            var first = b * block;
            var filters = new ReadOnlySpan<float>(weights)[(first * inputs * window.Area)..];
            var biases = bias is null ? default : new ReadOnlySpan<float>(bias)[first..];
            for (var oy = 0; oy < y.Height; oy++)
                for (var ox = 0; ox < y.Width; ox++)
                {
                    if (block == Block)
                        Four(x, y, filters, biases, first, first / perGroup * inputs, inputs, window, oy, ox);
                    else
                        One(x, y, filters, biases, first, first / perGroup * inputs, inputs, window, oy, ox);
                }
        });
        return y;
    }

    private static void Four(Sample x, Sample y, ReadOnlySpan<float> filters, ReadOnlySpan<float> biases, int output, int input,
        int inputs, Window window, int oy, int ox)
    {
        var area = window.Area;
        var row = inputs * area;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var (top, left) = (window.Top(oy), window.Left(ox));
        var (y0, y1) = window.Taps(top, window.KernelHeight, x.Height);
        var (x0, x1) = window.Taps(left, window.KernelWidth, x.Width);
        for (var c = 0; c < inputs; c++)
            for (var ky = y0; ky < y1; ky++)
                for (var kx = x0; kx < x1; kx++)
                {
                    var v = x[input + c, top + ky * window.Dilation, left + kx * window.Dilation];
                    var w = c * area + ky * window.KernelWidth + kx;
                    s0 += filters[w] * v;
                    s1 += filters[w + row] * v;
                    s2 += filters[w + 2 * row] * v;
                    s3 += filters[w + 3 * row] * v;
                }

        if (!biases.IsEmpty)
        {
            s0 += Vector512.Create(biases[0]);
            s1 += Vector512.Create(biases[1]);
            s2 += Vector512.Create(biases[2]);
            s3 += Vector512.Create(biases[3]);
        }

        y[output, oy, ox] = s0;
        y[output + 1, oy, ox] = s1;
        y[output + 2, oy, ox] = s2;
        y[output + 3, oy, ox] = s3;
    }

    private static void One(Sample x, Sample y, ReadOnlySpan<float> filter, ReadOnlySpan<float> biases, int output, int input,
        int inputs, Window window, int oy, int ox)
    {
        var sum = Vector512<float>.Zero;
        var (top, left) = (window.Top(oy), window.Left(ox));
        var (y0, y1) = window.Taps(top, window.KernelHeight, x.Height);
        var (x0, x1) = window.Taps(left, window.KernelWidth, x.Width);
        for (var c = 0; c < inputs; c++)
            for (var ky = y0; ky < y1; ky++)
                for (var kx = x0; kx < x1; kx++)
                    sum += filter[c * window.Area + ky * window.KernelWidth + kx]
                        * x[input + c, top + ky * window.Dilation, left + kx * window.Dilation];
        y[output, oy, ox] = biases.IsEmpty ? sum : sum + Vector512.Create(biases[0]);
    }
}
