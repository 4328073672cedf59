using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// CIFAR-10's binary batches: per image one label byte, then 3 planes of 32x32 bytes (red, green, blue). CIFAR-100's have a coarse label
/// before the fine one.
/// </summary>
internal sealed class CifarBinary : IImageSet
{
    private const int Side = 32;
    private const int Pixels = 3 * Side * Side;
    private readonly List<byte[]> _batches;
    private readonly int _labelBytes;
    private readonly int[] _starts;

    private CifarBinary(string origin, List<byte[]> batches, int labelBytes)
    {
        (Origin, _batches, _labelBytes) = ($"{origin}, CIFAR-{(labelBytes == 1 ? "10" : "100")} binary", batches, labelBytes);
        _starts = new int[batches.Count];
        foreach (var (batch, i) in batches.Select((b, i) => (b, i)))
        {
            _starts[i] = Count;
            Count += batch.Length / Record;
        }
    }

    public string Origin { get; }

    public int Count { get; }

    public int Channels => 3;

    public int Height => Side;

    public int Width => Side;

    public bool HasLabels => true;

    private int Record => _labelBytes + Pixels;

    /// <exception cref="UsageException">A file is no whole number of images, or has a label that the data set lacks.</exception>
    public static CifarBinary Read(string path, IReadOnlyList<string> files)
    {
        var labelBytes = files.All(f => new FileInfo(f).Length % (2 + Pixels) == 0 && new FileInfo(f).Length % (1 + Pixels) != 0) ? 2 : 1;
        var batches = files.Select(f => ReadBatch(f, labelBytes)).ToList();
        return new CifarBinary($"'{path}'", batches, labelBytes);
    }

    public int Label(int index)
    {
        var (batch, at) = Find(index);
        return batch[at + _labelBytes - 1];
    }

    public void Read(int index, Span<float> pixels)
    {
        var (batch, at) = Find(index);
        var source = batch.AsSpan(at + _labelBytes, Pixels);
        for (var i = 0; i < source.Length; i++)
        {
            pixels[i] = source[i];
        }
    }

    private (byte[] Batch, int At) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        var found = Array.BinarySearch(_starts, index);
        var batch = found >= 0 ? found : ~found - 1;
        return (_batches[batch], (index - _starts[batch]) * Record);
    }

    private static byte[] ReadBatch(string file, int labelBytes)
    {
        var (record, classes) = (labelBytes + Pixels, labelBytes == 1 ? 10 : 100);
        var length = new FileInfo(file).Length;
        if (length == 0 || length % record != 0 || length > Array.MaxLength)
        {
            throw new UsageException(
                $"'{file}' is no CIFAR-10 binary batch: its {length} bytes are no whole number of images of {record} bytes (a label and "
                    + "3x32x32).");
        }

        var bytes = InputFile.ReadAllBytes(file, Array.MaxLength);
        for (var at = labelBytes - 1; at < bytes.Length; at += record)
        {
            if (bytes[at] >= classes)
            {
                throw new UsageException($"'{file}' is no CIFAR-{classes} binary batch: image {at / record} has the label {bytes[at]}.");
            }
        }

        return bytes;
    }
}
