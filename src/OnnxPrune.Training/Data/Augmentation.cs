
namespace OnnxPrune.Training.Data;

/// <summary>
/// The standard augmentation of small images: padded with zeros and cropped at a random place, mirrored half of the time, and a square of
/// zeros laid over it.
/// </summary>
/// <param name="Padding">Pixels on each side; 0 for no cropping.</param>
/// <param name="Flips">Whether images are mirrored from left to right.</param>
/// <param name="Cutout">The side of the square, whose centre is anywhere in the image (DeVries and Taylor 2017); 0 for none.</param>
internal sealed record Augmentation(int Padding, bool Flips, int Cutout = 0)
{
    /// <summary>The augmentation that CIFAR networks are trained with (He et al. 2016).</summary>
    public static Augmentation Cifar { get; } = new(4, true);

    public static Augmentation None { get; } = new(0, false);

    /// <param name="size">[C, H, W], or [H, W, C] of 1 or 3 channels. Samples that are no images are copied.</param>
    public void Apply(ReadOnlySpan<float> image, Span<float> target, IReadOnlyList<long> size, SeededRandom random)
    {
        if (size.Count != 3 || this == None)
        {
            image.CopyTo(target);
            return;
        }

        var isLast = size[2] is 1 or 3 && size[0] > 3;
        var (planes, height, width, block) = isLast
            ? (1, (int)size[0], (int)size[1], (int)size[2])
            : ((int)size[0], (int)size[1], (int)size[2], 1);
        var (down, right) = (random.NextInt((2 * Padding) + 1) - Padding, random.NextInt((2 * Padding) + 1) - Padding);
        var mirrored = random.NextInt(2) == 1 && Flips;
        target.Clear();
        var (left, count) = (Math.Max(0, -right), width - Math.Abs(right));
        for (var plane = 0; plane < planes; plane++)
        {
            for (var y = Math.Max(0, -down); y < Math.Min(height, height - down); y++)
            {
                var from = image.Slice(((((plane * height) + y + down) * width) + left + right) * block, count * block);
                var row = target.Slice(((plane * height) + y) * width * block, width * block);
                from.CopyTo(row[(left * block)..]);
                if (mirrored)
                {
                    Mirror(row, block);
                }
            }
        }

        if (Cutout > 0)
        {
            var (top, first) = (random.NextInt(height) - (Cutout / 2), random.NextInt(width) - (Cutout / 2));
            var (begin, end) = (Math.Max(0, first), Math.Min(width, first + Cutout));
            for (var row = 0; row < planes * height; row++)
            {
                if (row % height >= top && row % height < top + Cutout)
                {
                    target.Slice(((row * width) + begin) * block, (end - begin) * block).Clear();
                }
            }
        }
    }

    private static void Mirror(Span<float> row, int block)
    {
        row.Reverse();
        for (var i = 0; block > 1 && i < row.Length; i += block)
        {
            row.Slice(i, block).Reverse();
        }
    }
}
