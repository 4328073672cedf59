using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Images as the input of a model: normalized, laid out as NCHW or NHWC, converted to the element type it wants.</summary>
internal sealed class ImageData(IImageSet images, Normalization? normalization) : IDataSource
{
    private readonly Normalization _normalization = normalization ?? Normalization.Unit;

    public string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{images.Count} images of {images.Channels}x{images.Height}x{images.Width} from {images.Origin}, normalized: "
            + $"{_normalization.Name}");

    public int Count => images.Count;

    public bool HasLabels => images.HasLabels;

    public int LargestBatch => int.MaxValue;

    public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => normalization is null
        ? ["Pixels were scaled to 0..1; if the model was trained on other inputs, say so with --normalize."]
        : [];

    public int Label(int index) => images.Label(index);

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var input = SingleInput.Of(inputs, "images");
        var fitting = images.For(input);
        var layout = ImageLayout.Of(input, fitting.Channels, fitting.Height, fitting.Width);
        var plane = fitting.Height * fitting.Width;
        var size = fitting.Channels * plane;
        var batch = new float[checked(indices.Length * size)];
        var image = new float[size];
        for (var i = 0; i < indices.Length; i++)
        {
            fitting.Read(indices[i], image);
            Normalize(image, plane);
            layout.Arrange(image, batch.AsSpan(i * size, size), images.Channels, plane);
        }

        return new Dictionary<string, Tensor> { [input.Name] = layout.ToTensor(input.ElementType, batch, indices.Length) };
    }

    /// <inheritdoc/>
    public SamplePicture Picture(IReadOnlyList<ValueDescription> inputs, int index)
    {
        var fitting = images.For(SingleInput.Of(inputs, "images"));
        var pixels = new float[fitting.Channels * fitting.Height * fitting.Width];
        fitting.Read(index, pixels);
        return SamplePicture.Of(pixels, fitting.Channels, fitting.Height, fitting.Width) with { File = fitting.File(index) };
    }

    private void Normalize(float[] image, int plane)
    {
        for (var c = 0; c < images.Channels; c++)
        {
            var (scale, shift) = _normalization.ForChannel(c, images.Channels);
            foreach (ref var pixel in image.AsSpan(c * plane, plane))
            {
                pixel = (pixel * scale) + shift;
            }
        }
    }
}
