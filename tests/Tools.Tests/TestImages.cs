using OnnxPrune.Testing;

namespace Tools.Tests;

/// <summary>Images to run the programs on.</summary>
internal static class TestImages
{
    private const int BytesPerImage = 3073;

    /// <summary>A file of random images as CIFAR-10's binary batches have them: a label, then 3 planes of 32 by 32.</summary>
    public static string Cifar(TemporaryFolder folder, int count)
    {
        var random = new Random(1);
        var bytes = new byte[count * BytesPerImage];
        random.NextBytes(bytes);
        for (var image = 0; image < count; image++)
        {
            bytes[image * BytesPerImage] = (byte)(image % 10);
        }

        var path = folder.File("images.bin");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
