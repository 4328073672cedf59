using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>Images in an array: [N, C, H, W], [N, H, W, C] or, of grey ones, [N, H, W].</summary>
internal sealed class NumpyImages : IImageSet
{
    private readonly Tensor _samples;
    private readonly int[]? _labels;
    private readonly bool _channelsLast;
    private readonly float _scale;

    private NumpyImages(string path, Tensor samples, int[]? labels, float scale, bool channelsLast, int channels, int height, int width)
    {
        (_samples, _labels, _scale, _channelsLast) = (samples, labels, scale, channelsLast);
        (Count, Channels, Height, Width) = ((int)samples.Dims[0], channels, height, width);
        Origin = $"'{path}'";
    }

    public string Origin { get; }

    public int Count { get; }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    public bool HasLabels => _labels is not null;

    /// <param name="scale">What makes pixels of 0..255 of the numbers.</param>
    /// <exception cref="UsageException">The array holds no images.</exception>
    public static NumpyImages Of(string path, Tensor samples, int[]? labels, float scale)
    {
        var d = samples.Dims;
        return (samples.Rank, (long[])[.. d]) switch
        {
            (3, _) => new NumpyImages(path, samples, labels, scale, false, 1, (int)d[1], (int)d[2]),
            (4, [_, 1 or 3, _, _]) => new NumpyImages(path, samples, labels, scale, false, (int)d[1], (int)d[2], (int)d[3]),
            (4, [_, _, _, 1 or 3]) => new NumpyImages(path, samples, labels, scale, true, (int)d[3], (int)d[1], (int)d[2]),
            _ => throw new UsageException(
                $"'{path}' holds {samples}, which are no images; [N, 3, H, W], [N, H, W, 3] or [N, H, W] is wanted, or floats that fit the "
                    + "model without --normalize."),
        };
    }

    public int Label(int index) => _labels![index];

    public void Read(int index, Span<float> pixels)
    {
        var image = _samples.ElementType == ElementType.UInt8 ? default : _samples.Take(0, [index]).ToFloats();
        var plane = Height * Width;
        var bytes = image is null ? _samples.Data.Span.Slice(checked(index * pixels.Length), pixels.Length) : default;
        for (var c = 0; c < Channels; c++)
        {
            for (var i = 0; i < plane; i++)
            {
                var from = _channelsLast ? (i * Channels) + c : (c * plane) + i;
                pixels[(c * plane) + i] = image is null ? bytes[from] : image[from] * _scale;
            }
        }
    }
}
