using System.Globalization;
using System.IO.Compression;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// NumPy data: an array of samples in a <c>.npy</c>; samples and labels, or an array for each input of a model, in a <c>.npz</c>. Whole
/// numbers are pixels of 0..255; floats and booleans are taken as they are unless a normalization is asked for, which wants them to be
/// pixels of 0..1 or 0..255.
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
        using var stream = InputFile.OpenStream(path);
        return Make(path, NumpyArray.Read(stream, stream.Length, $"'{path}'"), labels: null, normalization);
    }

    public static IDataSource FromArchive(string path, Normalization? normalization)
    {
        try
        {
            using var archive = new ZipArchive(InputFile.OpenStream(path));
            var entries = archive.Entries
                .Where(e => e.FullName.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
                .GroupBy(e => e.FullName[..^4].ToLowerInvariant())
                .ToDictionary(g => g.Key, g => g.First());
            var (samples, labels) = Array.Find(Members, m => entries.ContainsKey(m.Samples));
            samples ??= entries.Count == 1 ? entries.Keys.First() : null;
            if (samples is null)
            {
                return Named(path, entries, normalization);
            }

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

    /// <summary>Arrays that are called like the inputs of a model, and perhaps labels.</summary>
    private static NamedArrays Named(string path, Dictionary<string, ZipArchiveEntry> entries, Normalization? normalization)
    {
        if (entries.Count == 0)
        {
            throw new UsageException($"'{path}' holds no arrays.");
        }

        var labels = Array.Find(Members, m => entries.ContainsKey(m.Labels)).Labels;
        var arrays = entries.Where(e => e.Key != labels).ToDictionary(e => e.Value.FullName[..^4], e => Read(path, e.Value));
        return new NamedArrays(path, arrays, labels is null ? null : Labels(
            path, Read(path, entries[labels]), arrays.Values.First() is { Rank: > 0 } first ? first.Dims[0] : 0), normalization);
    }

    private static Tensor Read(string path, ZipArchiveEntry entry)
    {
        var what = $"'{path}' ({entry.FullName})";
        if (entry.Length > Array.MaxLength || (entry.Length > HarmlessBytes && entry.Length / LargestRatio > entry.CompressedLength))
        {
            throw new UsageException(
                $"{what} claims to unpack {entry.CompressedLength} bytes to {entry.Length}, and is refused; save it with numpy.savez, "
                    + "uncompressed.");
        }

        NumpyMember.Check(entry, what);
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
        if (AreNumbers(samples) && (normalization is null || normalization == Normalization.None))
        {
            return new ReadyData($"'{path}'", samples, classes, wasAsked: normalization is not null);
        }

        return new ImageData(
            NumpyImages.Of(path, samples, classes, Scale(path, samples, normalization ?? Normalization.Unit)), normalization);
    }

    /// <summary>True if they are pixels only where somebody says so.</summary>
    private static bool AreNumbers(Tensor samples) => samples.ElementType.IsFloatingPoint() || samples.ElementType == ElementType.Bool;

    /// <summary>The factor that makes pixels of 0..255 of the numbers.</summary>
    /// <exception cref="UsageException">They are no pixels.</exception>
    private static float Scale(string path, Tensor samples, Normalization normalization)
    {
        if (samples.ElementType == ElementType.UInt8 || normalization == Normalization.None)
        {
            return 1;
        }

        var range = NumberRange.Of($"'{path}'", samples);
        if (!AreNumbers(samples))
        {
            return range.IsBytes
                ? 1
                : throw new UsageException(
                    $"The whole numbers of '{path}' go from {range}, and pixels from 0 to 255; give --normalize none to feed them as they "
                        + "are, or save them as floats that are the model's input.");
        }

        return range.IsUnit ? byte.MaxValue
            : range.IsBytes ? 1
            : throw new UsageException(
                $"--normalize {normalization.Name} is for pixels, but the floats of '{path}' go from {range}, which is neither 0..1 nor "
                    + "0..255; if they are normalized already, leave --normalize out, else save them as pixels.");
    }

    private static int[] Labels(string path, Tensor labels, long count)
    {
        // [N], or [N, 1] as Keras has it.
        if (labels.Rank == 0 || labels.Dims[0] != count || labels.Count != count)
        {
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{path}' has {count} samples, but labels of {labels}; one class number per sample is wanted."));
        }

        return Array.ConvertAll(labels.ToDoubles(), l => l >= 0 && l <= int.MaxValue && l == Math.Floor(l)
            ? (int)l
            : throw new UsageException(
                string.Create(CultureInfo.InvariantCulture, $"'{path}' has the label {l}; class numbers from 0 on are wanted.")));
    }
}
