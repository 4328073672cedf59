namespace OnnxPrune.Cli.Tests;

/// <summary>Clean CIFAR-10 images of <c>../shared</c>, with labels.</summary>
internal static class SharedImages
{
    private const int BytesPerImage = 3073;

    /// <summary>Writes some of them as a CIFAR-10 binary file.</summary>
    /// <returns>The path.</returns>
    public static string Copy(string path, int first, int count)
    {
        using var all = File.OpenRead(Path.Combine(SharedModelsTheoryAttribute.Folder, "..", "data", "cifar10-lossless-train-4000.bin"));
        var some = new byte[count * BytesPerImage];
        all.Position = (long)first * BytesPerImage;
        all.ReadExactly(some);
        File.WriteAllBytes(path, some);
        return path;
    }
}
