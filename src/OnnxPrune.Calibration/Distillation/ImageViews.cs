using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Distillation;

/// <summary>Copies of images that are mirrored and shifted at random; pixels at the border are repeated outside of it.</summary>
/// <param name="Mirrors">Whether half of the copies are mirrored from left to right.</param>
/// <param name="Shift">The most pixels that a copy is shifted by, down and to the right.</param>
internal sealed record ImageViews(bool Mirrors, int Shift)
{
    public static ImageViews None { get; } = new(false, 0);

    /// <summary>The axes of height and width of inputs [N, C, H, W], or [N, H, W, C] with 1 or 3 channels; null for others.</summary>
    public static (int Height, int Width)? AxesOf(IReadOnlyList<long> dims) => dims switch
    {
        [_, 1 or 3 or 4, > 4, > 4] => (2, 3),
        [_, > 4, > 4, 1 or 3 or 4] => (1, 2),
        _ => null,
    };

    /// <summary>One view of each sample.</summary>
    /// <param name="images">Floats; returned as they are where they are no images or nothing is done to them.</param>
    public Tensor Of(Tensor images, SeededRandom random)
    {
        if (this == None || AxesOf(images.Dims) is not { } axes)
        {
            return images;
        }

        int[] dims = [.. images.Dims.Select(d => (int)d)];
        var (height, width) = (dims[axes.Height], dims[axes.Width]);
        var planes = dims[1..axes.Height].Aggregate(1, (all, d) => all * d);
        var block = dims[(axes.Width + 1)..].Aggregate(1, (all, d) => all * d);
        var source = images.ToFloats();
        var made = new float[source.Length];
        var at = 0;
        for (var sample = 0; sample < dims[0]; sample++)
        {
            var (down, right) = (random.NextInt((2 * Shift) + 1) - Shift, random.NextInt((2 * Shift) + 1) - Shift);
            var mirrored = random.NextInt(2) == 1 && Mirrors;
            for (var plane = 0; plane < planes; plane++)
            {
                for (var y = 0; y < height; y++)
                {
                    var row = ((((sample * planes) + plane) * height) + Math.Clamp(y - down, 0, height - 1)) * width;
                    for (var x = 0; x < width; x++)
                    {
                        var from = Math.Clamp(x - right, 0, width - 1);
                        source.AsSpan((row + (mirrored ? width - 1 - from : from)) * block, block).CopyTo(made.AsSpan(at, block));
                        at += block;
                    }
                }
            }
        }

        return Tensor.Of(made, [.. images.Dims]);
    }
}
