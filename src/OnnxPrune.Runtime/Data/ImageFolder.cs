using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// A folder of images, or of one such folder per class: classes are numbered in the order of their folders' names. All
/// images have one size, or are resized until their shorter side has a given length, and cut in the middle to what the model wants. They
/// are decoded when they are read.
/// </summary>
internal sealed class ImageFolder : IImageSet
{
    private const int Colours = 3;

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"];
    private readonly List<string> _files = [];
    private readonly List<int> _labels = [];
    private readonly int? _resize;

    private ImageFolder(string folder, int? resize)
    {
        _resize = resize;
        var classes = Directory.GetDirectories(folder)
            .Where(d => Directory.EnumerateFiles(d).Any(IsImage))
            .Order(StringComparer.Ordinal)
            .ToArray();
        HasLabels = classes.Length > 0;
        Origin = (HasLabels ? $"'{folder}', {classes.Length} classes" : $"'{folder}'") + (resize is null ? "" : ", resized");
        foreach (var source in HasLabels ? classes : [folder])
        {
            foreach (var file in Directory.EnumerateFiles(source).Where(IsImage).Order(StringComparer.Ordinal))
            {
                _files.Add(file);
                _labels.Add(Array.IndexOf(classes, source));
            }
        }

        var first = ImageDecoder.Decode(_files[0]);
        (Height, Width) = (resize ?? (int)first.Dims[0], resize ?? (int)first.Dims[1]);
    }

    private ImageFolder(ImageFolder whole, int height, int width)
    {
        (_files, _labels, _resize, HasLabels, Origin) = (whole._files, whole._labels, whole._resize, whole.HasLabels, whole.Origin);
        (Height, Width) = (height, width);
    }

    public string Origin { get; }

    public int Count => _files.Count;

    public int Channels => Colours;

    public int Height { get; }

    public int Width { get; }

    public bool HasLabels { get; }

    public static bool HasImages(string folder) =>
        Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateFiles)).Any(IsImage);

    /// <exception cref="UsageException">Images cannot be decoded on this machine, or the first one is damaged.</exception>
    public static ImageData Open(string folder, Normalization? normalization, int? resize) =>
        new(new ImageFolder(folder, resize), normalization);

    public int Label(int index) => _labels[index];

    public string File(int index) => _files[index];

    /// <inheritdoc/>
    public IImageSet For(ValueDescription input)
    {
        if (_resize is not { } side)
        {
            return this;
        }

        var (height, width) = ImageLayout.SizeWanted(input, Colours);
        return (height ?? side) <= side && (width ?? side) <= side
            ? new ImageFolder(this, (int)(height ?? side), (int)(width ?? side))
            : throw new UsageException(
                $"--resize {side} makes images too small for the model's input {input}; give {Math.Max(height ?? 0, width ?? 0)} or more.");
    }

    /// <exception cref="UsageException">The image is damaged, or of another size than the first.</exception>
    public void Read(int index, Span<float> pixels)
    {
        var image = ImageDecoder.Decode(_files[index]);
        if (_resize is { } side)
        {
            image = Resized(image, side, _files[index]);
        }
        else if (image.Dims[0] != Height || image.Dims[1] != Width)
        {
            throw new UsageException(
                $"'{_files[index]}' is {image.Dims[1]}x{image.Dims[0]}, but '{_files[0]}' is {Width}x{Height}; give --resize N to bring "
                    + "all to one size.");
        }

        CutAndSplit(image, Height, Width, pixels);
    }

    private static Tensor Resized(Tensor image, int side, string path)
    {
        var (height, width) = ImageResizer.SizeOf(image.Dims[0], image.Dims[1], side);
        return height <= ImageDecoder.MostPixels / width
            ? ImageResizer.Resize(image, side)
            : throw new UsageException(
                $"'{path}' is {image.Dims[1]}x{image.Dims[0]}; --resize {side} would make it {width}x{height}, which is refused.");
    }

    /// <summary>From the middle of [H, W, (red, green, blue)] to [(red, green, blue), height, width].</summary>
    private static void CutAndSplit(Tensor image, int height, int width, Span<float> pixels)
    {
        var bytes = image.Data.Span;
        var (rows, columns) = ((int)image.Dims[0], (int)image.Dims[1]);
        var (top, left) = (Before(rows, height), Before(columns, width));
        for (var c = 0; c < Colours; c++)
        {
            for (var y = 0; y < height; y++)
            {
                var row = bytes.Slice((((top + y) * columns) + left) * Colours, width * Colours);
                var target = pixels.Slice(((c * height) + y) * width, width);
                for (var x = 0; x < width; x++)
                {
                    target[x] = row[(x * Colours) + c];
                }
            }
        }
    }

    // What is left out before the middle, rounded as torchvision's CenterCrop does: to the even number.
    private static int Before(int length, int wanted) => (int)Math.Round((length - wanted) / 2.0);

    private static bool IsImage(string path) => Array.Exists(Extensions, e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));
}
