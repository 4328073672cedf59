using System.Runtime.Intrinsics;

namespace ModelMaker.Building;

/// <summary>
/// One value for a batch of 16 inputs, [C, H, W, 16]: what the builder runs through the network while it builds, so that
/// BatchNormalization can be given the statistics that its input really has.
/// </summary>
/// <remarks>
/// The batch is innermost and one vector wide: every operation works lane by lane in a fixed order and without fused
/// multiply-add, so all machines compute the same bits and a made file is the same everywhere.
/// </remarks>
public sealed class Sample(int channels, int height, int width)
{
    /// <summary>Inputs in the batch.</summary>
    public const int Lanes = 16;

    /// <summary>C.</summary>
    public int Channels { get; } = channels;

    /// <summary>H.</summary>
    public int Height { get; } = height;

    /// <summary>W.</summary>
    public int Width { get; } = width;

    /// <summary>The numbers, [C, H, W, 16].</summary>
    public float[] Data { get; } = new float[channels * height * width * Lanes];

    /// <summary>Numbers in one channel.</summary>
    public int ChannelLength => Height * Width * Lanes;

    /// <summary>All numbers of channel <paramref name="c"/>.</summary>
    public Span<float> Channel(int c) => Data.AsSpan(c * ChannelLength, ChannelLength);

    /// <summary>The 16 numbers at one position.</summary>
    public Vector512<float> this[int c, int y, int x]
    {
        get => Vector512.Create<float>(Data.AsSpan(Index(c, y, x), Lanes));
        set => value.CopyTo(Data.AsSpan(Index(c, y, x), Lanes));
    }

    /// <summary>The begin of one position's 16 numbers in <see cref="Data"/>.</summary>
    public int Index(int c, int y, int x) => ((c * Height + y) * Width + x) * Lanes;

    /// <summary>Mean and variance of channel <paramref name="c"/> over batch and positions.</summary>
    public (double Mean, double Variance) Moments(int c)
    {
        double sum = 0, squares = 0;
        foreach (var x in Channel(c))
        {
            sum += x;
            squares += (double)x * x;
        }

        var mean = sum / ChannelLength;
        return (mean, Math.Max(0, squares / ChannelLength - mean * mean));
    }

    /// <summary>
    /// Sixteen images: a tint per image and channel, a coarse pattern and noise, together of variance 1. White noise alone
    /// would be averaged away by the last pool, and all images would look alike to the classifier.
    /// </summary>
    public static Sample Images(int channels, int height, int width)
    {
        const int Coarse = 4;
        var random = new Weights(0, "sample images");
        var tint = random.Normal(channels * Lanes, 0.5);
        var pattern = random.Normal(channels * Coarse * Coarse * Lanes, 0.6);
        var images = new Sample(channels, height, width);
        for (var c = 0; c < channels; c++)
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                    for (var n = 0; n < Lanes; n++)
                    {
                        var cell = (c * Coarse + y * Coarse / height) * Coarse + x * Coarse / width;
                        images.Data[images.Index(c, y, x) + n] =
                            tint[c * Lanes + n] + pattern[cell * Lanes + n] + (float)random.NextNormal(0.62);
                    }

        return images;
    }
}
