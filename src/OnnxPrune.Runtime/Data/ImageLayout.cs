using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>The layout of images in a model's input: [N, C, H, W] or [N, H, W, C].</summary>
internal sealed class ImageLayout
{
    private readonly bool _channelsLast;
    private readonly long[] _imageDims;

    private ImageLayout(bool channelsLast, long[] imageDims) => (_channelsLast, _imageDims) = (channelsLast, imageDims);

    /// <exception cref="UsageException">The input holds no such images, in either layout.</exception>
    public static ImageLayout Of(ValueDescription input, int channels, int height, int width)
    {
        long[] first = [channels, height, width];
        long[] last = [height, width, channels];
        if (input.Shape.Rank == 4)
        {
            if (Fits(input.Shape, first))
            {
                return new ImageLayout(false, first);
            }

            if (Fits(input.Shape, last))
            {
                return new ImageLayout(true, last);
            }
        }

        throw new UsageException(
            $"The images are {channels}x{height}x{width} (channels, height, width), but the model's input is {input}; give images of that "
                + "size, or a folder of images and --resize.");
    }

    /// <summary>The size that an input wants of such images; null where it leaves it open, or holds none.</summary>
    public static (long? Height, long? Width) SizeWanted(ValueDescription input, int channels)
    {
        if (input.Shape.Rank != 4)
        {
            return (null, null);
        }

        var at = input.Shape[1].Size is null || input.Shape[1].Size == channels ? 2 : 1;
        return (input.Shape[at].Size, input.Shape[at + 1].Size);
    }

    /// <summary>One image from [C, H, W] to this layout.</summary>
    public void Arrange(ReadOnlySpan<float> image, Span<float> target, int channels, int plane)
    {
        if (!_channelsLast)
        {
            image.CopyTo(target);
            return;
        }

        for (var c = 0; c < channels; c++)
        {
            for (var i = 0; i < plane; i++)
            {
                target[(i * channels) + c] = image[(c * plane) + i];
            }
        }
    }

    public Tensor ToTensor(ElementType type, float[] batch, int count) => NumberConversion.ToTensor(type, [count, .. _imageDims], batch);

    private static bool Fits(Shape shape, long[] image)
    {
        for (var i = 0; i < image.Length; i++)
        {
            if (shape[i + 1].Size is { } size && size != image[i])
            {
                return false;
            }
        }

        return true;
    }
}
