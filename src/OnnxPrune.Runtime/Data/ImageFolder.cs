namespace OnnxPrune.Runtime.Data;

/// <summary>A folder of PNG and JPEG images, or of one such folder per class.</summary>
internal static class ImageFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg"];

    public static bool HasImages(string folder) =>
        Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateFiles)).Any(IsImage);

    /// <exception cref="UsageException">Always, until images can be decoded.</exception>
    public static IDataSource Open(string folder, Normalization? normalization)
    {
        _ = normalization;
        throw new UsageException($"'{folder}' holds PNG or JPEG images, which cannot be decoded yet; give CIFAR-10 binary batches, .npz or .npy.");
    }

    private static bool IsImage(string path) => Array.Exists(Extensions, e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));
}
