using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// A folder of PNG and JPEG images, or of one such folder per class: classes are numbered in the order of their folders' names. All
/// images have one size; they are decoded when they are read.
/// </summary>
internal sealed class ImageFolder : IImageSet
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg"];
    private readonly List<string> _files = [];
    private readonly List<int> _labels = [];

    private ImageFolder(string folder)
    {
        var classes = Directory.GetDirectories(folder).Where(d => Directory.EnumerateFiles(d).Any(IsImage)).Order(StringComparer.Ordinal).ToArray();
        HasLabels = classes.Length > 0;
        Origin = HasLabels ? $"'{folder}', {classes.Length} classes" : $"'{folder}'";
        foreach (var source in HasLabels ? classes : [folder])
        {
            foreach (var file in Directory.EnumerateFiles(source).Where(IsImage).Order(StringComparer.Ordinal))
            {
                _files.Add(file);
                _labels.Add(Array.IndexOf(classes, source));
            }
        }

        var first = ImageDecoder.Shared.Decode(_files[0]);
        (Height, Width) = ((int)first.Dims[0], (int)first.Dims[1]);
    }

    public string Origin { get; }

    public int Count => _files.Count;

    public int Channels => 3;

    public int Height { get; }

    public int Width { get; }

    public bool HasLabels { get; }

    public static bool HasImages(string folder) =>
        Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateFiles)).Any(IsImage);

    /// <exception cref="UsageException">Images cannot be decoded on this machine, or the first one is damaged.</exception>
    public static ImageData Open(string folder, Normalization? normalization) => new(new ImageFolder(folder), normalization);

    public int Label(int index) => _labels[index];

    /// <exception cref="UsageException">The image is damaged, or of another size than the first.</exception>
    public void Read(int index, Span<float> pixels)
    {
        var image = ImageDecoder.Shared.Decode(_files[index]);
        if (image.Dims[0] != Height || image.Dims[1] != Width)
        {
            throw new UsageException(
                $"'{_files[index]}' is {image.Dims[1]}x{image.Dims[0]}, but '{_files[0]}' is {Width}x{Height}; images are not resized, so give all in the model's size.");
        }

        Split(image, pixels);
    }

    /// <summary>From [height, width, (red, green, blue)] or [height, width, grey] to [(red, green, blue), height, width].</summary>
    private static void Split(Tensor image, Span<float> pixels)
    {
        var bytes = image.Data.Span;
        var step = (int)image.Dims[2];
        var plane = bytes.Length / step;
        for (var c = 0; c < 3; c++)
        {
            var target = pixels.Slice(c * plane, plane);
            var first = step == 3 ? c : 0;
            for (var i = 0; i < plane; i++)
            {
                target[i] = bytes[(step * i) + first];
            }
        }
    }

    private static bool IsImage(string path) => Array.Exists(Extensions, e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));
}
