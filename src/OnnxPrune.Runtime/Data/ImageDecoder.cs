using OnnxPrune.Graphs;
using OnnxPrune.Serialization;
using SkiaSharp;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// Decodes PNG, JPEG, WebP, BMP and GIF files by Skia, to the pixels that torchvision's loader has (Pillow's <c>convert("RGB")</c>):
/// transparency, colour profiles and the orientation that a camera noted are left out, grey is three equal colours, and of several pictures
/// in a file the first one counts. Safe for several threads.
/// </summary>
internal static class ImageDecoder
{
    /// <summary>67 million pixels are 268 MB once they are decoded. A few bytes can claim any number of them.</summary>
    public const long MostPixels = 1L << 26;

    // Of one colour, the formats pack some thousand pixels into a byte at most; small images need not be looked at.
    private const long MostPixelsOfByte = 1L << 14;
    private const long SmallPixels = 1L << 20;

    // As many as those pixels take without any packing, and room for what cameras add.
    private const long MostBytes = 4 * MostPixels;

    private const int Colours = 3;
    private const int Decoded = 4;

    /// <summary>The pixels of one file, uint8 [height, width, (red, green, blue)].</summary>
    /// <exception cref="UsageException">
    /// The file is no image of these kinds, a damaged one, or claims to be larger than any that is decoded; or images cannot be decoded on
    /// this machine.
    /// </exception>
    public static Tensor Decode(string path)
    {
        var file = InputFile.ReadAllBytes(path, MostBytes);
        try
        {
            using var codec = Open(path, file);
            return Decode(path, codec);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw new UsageException(
                "Images are decoded by SkiaSharp, whose native library (libSkiaSharp) is not installed; put it beside onnxprune, or give "
                    + "CIFAR-10 binary batches, .npz or .npy.", e);
        }
    }

    private static SKCodec Open(string path, byte[] file)
    {
        if (file.Length == 0)
        {
            throw new UsageException($"'{path}' is empty, and no image.");
        }

        if (JpegMarkers.IsJpeg(file) && !JpegMarkers.HasEnd(file))
        {
            throw Damaged(path, SKCodecResult.IncompleteInput);
        }

        var codec = SKCodec.Create(new SKMemoryStream(file), out var result) ?? throw Damaged(path, result);
        string? obstacle = null;
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Bmp or SKEncodedImageFormat.Gif))
        {
            obstacle = $"'{path}' is a {codec.EncodedFormat} file, and no PNG, JPEG, WebP, BMP or GIF image.";
        }
        else if ((long)codec.Info.Width * codec.Info.Height is var pixels
            && pixels > Math.Min(MostPixels, Math.Max(SmallPixels, MostPixelsOfByte * file.Length)))
        {
            obstacle =
                $"'{path}' claims {pixels} pixels in {file.Length} bytes, and is refused: images of up to {MostPixels} pixels are decoded, "
                    + $"and up to {MostPixelsOfByte} in a byte of the file.";
        }

        if (obstacle is null)
        {
            return codec;
        }

        codec.Dispose();
        throw new UsageException(obstacle);
    }

    private static unsafe Tensor Decode(string path, SKCodec codec)
    {
        var (height, width) = (codec.Info.Height, codec.Info.Width);

        // Without a colour space of its own the target takes the numbers as they are stored; not premultiplied, colours behind transparency
        // stay as well.
        var target = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var pixels = GC.AllocateUninitializedArray<byte>(Decoded * height * width);
        fixed (byte* start = pixels)
        {
            if (codec.GetPixels(target, (nint)start) is var result and not SKCodecResult.Success)
            {
                throw Damaged(path, result);
            }
        }

        for (var (from, to) = (0, 0); from < pixels.Length; from += Decoded, to += Colours)
        {
            (pixels[to], pixels[to + 1], pixels[to + 2]) = (pixels[from], pixels[from + 1], pixels[from + 2]);
        }

        return new Tensor(ElementType.UInt8, [height, width, Colours], pixels.AsMemory(0, Colours * height * width));
    }

    private static UsageException Damaged(string path, SKCodecResult result) =>
        new($"'{path}' is no PNG, JPEG, WebP, BMP or GIF image, or a damaged one ({Reason(result)}).");

    private static string Reason(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "it ends too early",
        SKCodecResult.ErrorInInput => "its pixels cannot be decoded",
        SKCodecResult.InternalError => "decoding it takes too much memory",
        _ => "its beginning is not that of one",
    };
}
