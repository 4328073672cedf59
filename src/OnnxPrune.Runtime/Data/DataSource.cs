namespace OnnxPrune.Runtime.Data;

/// <summary>Opens data by path.</summary>
internal static class DataSource
{
    private const string Kinds =
        "CIFAR-10 binary batches (.bin), NumPy arrays (.npy, .npz), ONNX test data (input_0.pb, or a folder of test_data_set_*), or a "
            + "folder of images";

    /// <summary>
    /// Opens a file, a folder, or several CIFAR-10 batches by a pattern such as <c>cifar/data_batch_*.bin</c>. Files are read whole.
    /// </summary>
    /// <param name="normalize">What <c>--normalize</c> said, null when it was not given: see <see cref="Normalization.Parse"/>.</param>
    /// <param name="resize">What <c>--resize</c> said: the pixels of the shorter side of images in folders; null leaves them as they
    /// are.</param>
    /// <exception cref="UsageException">There is nothing at the path, it is none of the known kinds, or it is damaged.</exception>
    public static IDataSource Open(string path, string? normalize = null, int? resize = null)
    {
        var normalization = normalize is null ? null : Normalization.Parse(normalize);
        try
        {
            return Directory.Exists(path) ? OpenFolder(path, normalization, resize) : OpenFile(path, normalization);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The data '{path}' cannot be read: {e.Message}", e);
        }
    }

    private static IDataSource OpenFile(string path, Normalization? normalization)
    {
        if (Path.GetFileName(path).Contains('*'))
        {
            return OpenBatches(path, Find(path), normalization);
        }

        if (!File.Exists(path))
        {
            throw new UsageException($"The data '{path}' does not exist.");
        }

        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".bin" => OpenBatches(path, [path], normalization),
            ".npy" => NumpyData.FromArray(path, normalization),
            ".npz" => NumpyData.FromArchive(path, normalization),
            ".pb" => new OnnxTestData(path, [Path.GetDirectoryName(Path.GetFullPath(path))!], normalization),
            _ => throw new UsageException($"The data '{path}' is of no known kind; give {Kinds}."),
        };
    }

    private static IDataSource OpenFolder(string path, Normalization? normalization, int? resize)
    {
        var sets = Directory.GetDirectories(path, "test_data_set_*");
        if (sets.Length > 0 || File.Exists(Path.Combine(path, "input_0.pb")))
        {
            return new OnnxTestData(path, sets.Length > 0 ? sets : [path], normalization);
        }

        var batches = Directory.GetFiles(path, "*.bin");
        if (batches.Length > 0)
        {
            return OpenBatches(path, batches, normalization);
        }

        return ImageFolder.HasImages(path)
            ? ImageFolder.Open(path, normalization, resize)
            : throw new UsageException($"The folder '{path}' holds no data of a known kind; give {Kinds}.");
    }

    private static ImageData OpenBatches(string path, string[] files, Normalization? normalization)
    {
        Array.Sort(files, StringComparer.Ordinal);
        var tests = Array.FindAll(files, f => Path.GetFileName(f).StartsWith("test", StringComparison.Ordinal));
        if (tests.Length > 0 && tests.Length < files.Length)
        {
            throw new UsageException(
                $"'{path}' holds training and test batches, which should not be mixed; give '{tests[0]}' or a pattern such as "
                    + "'data_batch_*.bin'.");
        }

        return new ImageData(CifarBinary.Read(path, files), normalization);
    }

    private static string[] Find(string pattern)
    {
        var folder = Path.GetDirectoryName(pattern) is { Length: > 0 } f ? f : ".";
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, Path.GetFileName(pattern)) : [];
        return files.Length > 0 ? files : throw new UsageException($"No file matches '{pattern}'.");
    }
}
