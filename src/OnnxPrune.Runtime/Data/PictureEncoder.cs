using SkiaSharp;

namespace OnnxPrune.Runtime.Data;

/// <summary>Encodes pictures of samples as small PNG files by Skia.</summary>
internal static class PictureEncoder
{
    private const int Encoded = 4;

    /// <summary>A PNG of the picture; null where images cannot be encoded on this machine.</summary>
    /// <param name="mostPixels">Where a side has more, the picture is made smaller.</param>
    public static byte[]? Png(SamplePicture picture, int mostPixels)
    {
        try
        {
            return Encode(picture, mostPixels);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            return null;
        }
    }

    private static byte[]? Encode(SamplePicture picture, int mostPixels)
    {
        var info = new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var whole = SKImage.FromPixelCopy(info, Interleaved(picture));
        var scale = Math.Min(1, (double)mostPixels / Math.Max(picture.Width, picture.Height));
        if (scale == 1)
        {
            using var file = whole.Encode(SKEncodedImageFormat.Png, 100);
            return file?.ToArray();
        }

        var (width, height) = (Math.Max(1, (int)(scale * picture.Width)), Math.Max(1, (int)(scale * picture.Height)));
        using var small = new SKBitmap(info.WithSize(width, height));
        using var pixels = small.PeekPixels();
        whole.ScalePixels(pixels, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var smaller = pixels.Encode(SKEncodedImageFormat.Png, 100);
        return smaller?.ToArray();
    }

    private static byte[] Interleaved(SamplePicture picture)
    {
        var plane = picture.Height * picture.Width;
        var pixels = new byte[Encoded * plane];
        for (var i = 0; i < plane; i++)
        {
            for (var c = 0; c < Encoded; c++)
            {
                pixels[(Encoded * i) + c] = c == Encoded - 1
                    ? byte.MaxValue
                    : picture.Pixels[(picture.Channels == 1 ? 0 : c * plane) + i];
            }
        }

        return pixels;
    }
}
