using System.Runtime.Intrinsics;

namespace ModelMaker.Building;

/// <summary>Convolution of the sample batch.</summary>
internal static class SampleConv
{
    private const int Block = 4;

    /// <summary>X [C, H, W], W [M, C/groups, k, k], B [M], Y [M, H', W'].</summary>
    public static Sample Run(Sample x, float[] weights, float[]? bias, int channels, int kernel, int stride, int padding, int groups)
    {
        var y = new Sample(channels, (x.Height + 2 * padding - kernel) / stride + 1, (x.Width + 2 * padding - kernel) / stride + 1);
        var perGroup = channels / groups;
        var inputs = x.Channels / groups;
        // Four filters share every load of X. Outputs do not depend on each other, so threads change nothing in the result.
        var block = perGroup % Block == 0 ? Block : 1;
        Parallel.For(0, channels / block, b =>
        {
            var first = b * block;
            var filters = new ReadOnlySpan<float>(weights)[(first * inputs * kernel * kernel)..];
            var biases = bias is null ? default : new ReadOnlySpan<float>(bias)[first..];
            for (var oy = 0; oy < y.Height; oy++)
                for (var ox = 0; ox < y.Width; ox++)
                {
                    var (top, left) = (oy * stride - padding, ox * stride - padding);
                    if (block == Block)
                        Four(x, y, filters, biases, first, first / perGroup * inputs, inputs, kernel, top, left, oy, ox);
                    else
                        One(x, y, filters, biases, first, first / perGroup * inputs, inputs, kernel, top, left, oy, ox);
                }
        });
        return y;
    }

    private static void Four(Sample x, Sample y, ReadOnlySpan<float> filters, ReadOnlySpan<float> biases, int output, int input,
        int inputs, int kernel, int top, int left, int oy, int ox)
    {
        var area = kernel * kernel;
        var row = inputs * area;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var (y0, y1) = (Math.Max(0, -top), Math.Min(kernel, x.Height - top));
        var (x0, x1) = (Math.Max(0, -left), Math.Min(kernel, x.Width - left));
        for (var c = 0; c < inputs; c++)
            for (var ky = y0; ky < y1; ky++)
                for (var kx = x0; kx < x1; kx++)
                {
                    var v = x[input + c, top + ky, left + kx];
                    var w = c * area + ky * kernel + kx;
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
        int inputs, int kernel, int top, int left, int oy, int ox)
    {
        var sum = Vector512<float>.Zero;
        for (var c = 0; c < inputs; c++)
            for (var ky = Math.Max(0, -top); ky < Math.Min(kernel, x.Height - top); ky++)
                for (var kx = Math.Max(0, -left); kx < Math.Min(kernel, x.Width - left); kx++)
                    sum += filter[(c * kernel + ky) * kernel + kx] * x[input + c, top + ky, left + kx];
        y[output, oy, ox] = biases.IsEmpty ? sum : sum + Vector512.Create(biases[0]);
    }
}
