using System.Globalization;
using System.IO.Compression;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// NumPy data: an array of samples in a <c>.npy</c>, or samples and labels in a <c>.npz</c>. Whole numbers are pixels of 0..255; floats are
/// taken as they are unless a normalization is asked for.
/// </summary>
internal static class NumpyData
{
    // Deflate cannot do better than 1032:1; data worth the name stay far below this.
    private const int LargestRatio = 200;
    private const long HarmlessBytes = 64 << 20;

    private static readonly (string Samples, string Labels)[] Members =
        [("x", "y"), ("images", "labels"), ("data", "labels"), ("x_test", "y_test"), ("arr_0", "arr_1")];

    public static IDataSource FromArray(string path, Normalization? normalization)
    {
        using var stream = File.OpenRead(path);
        return Make(path, NumpyArray.Read(stream, stream.Length, $"'{path}'"), labels: null, normalization);
    }

    public static IDataSource FromArchive(string path, Normalization? normalization)
    {
        try
        {
            using var archive = ZipFile.OpenRead(path);
            var entries = archive.Entries
                .Where(e => e.FullName.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
                .GroupBy(e => e.FullName[..^4].ToLowerInvariant())
                .ToDictionary(g => g.Key, g => g.First());
            var (samples, labels) = Array.Find(Members, m => entries.ContainsKey(m.Samples));
            samples ??= entries.Count == 1 ? entries.Keys.First() : throw new UsageException(
                $"'{path}' holds the arrays {string.Join(", ", entries.Keys.Select(k => $"'{k}'"))}; name the samples 'x' or 'images' and the labels 'y' or 'labels'.");
            return Make(
                path,
                Read(path, entries[samples]),
                labels is not null && entries.TryGetValue(labels, out var entry) ? Read(path, entry) : null,
                normalization);
        }
        catch (InvalidDataException e)
        {
            throw new UsageException($"'{path}' is no .npz archive, or a damaged one ({e.Message.TrimEnd('.')}).", e);
        }
    }

    private static Tensor Read(string path, ZipArchiveEntry entry)
    {
        var what = $"'{path}' ({entry.FullName})";
        if (entry.Length > Array.MaxLength || (entry.Length > HarmlessBytes && entry.Length / LargestRatio > entry.CompressedLength))
        {
            throw new UsageException(
                $"{what} claims to unpack {entry.CompressedLength} bytes to {entry.Length}, and is refused; save it with numpy.savez, uncompressed.");
        }

        using var stream = entry.Open();
        return NumpyArray.Read(stream, entry.Length, what);
    }

    private static IDataSource Make(string path, Tensor samples, Tensor? labels, Normalization? normalization)
    {
        if (samples.Rank == 0 || samples.Dims[0] == 0 || samples.Count == 0)
        {
            throw new UsageException($"'{path}' holds no samples: its array is {samples}.");
        }

        var classes = labels is null ? null : Labels(path, labels, samples.Dims[0]);
        if (samples.ElementType.IsFloatingPoint() && normalization is null)
        {
            return new ReadyData($"'{path}'", samples, classes);
        }

        return new ImageData(NumpyImages.Of(path, samples, classes), normalization);
    }

    private static int[] Labels(string path, Tensor labels, long count)
    {
        // [N], or [N, 1] as Keras has it.
        if (labels.Rank == 0 || labels.Dims[0] != count || labels.Count != count)
        {
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture, $"'{path}' has {count} samples, but labels of {labels}; one class number per sample is wanted."));
        }

        return Array.ConvertAll(labels.ToDoubles(), l => l >= 0 && l <= int.MaxValue && l == Math.Floor(l)
            ? (int)l
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"'{path}' has the label {l}; class numbers from 0 on are wanted.")));
    }
}
