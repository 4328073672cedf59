using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class ImageFolderTests
{
    // A PNG of 2x1 pixels: red, then blue.
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg==");

    private static readonly ValueDescription[] Inputs = [new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 1, 2))];

    [Fact]
    public void Class_folders_give_labels_and_pixels_in_RGB_or_one_sentence_where_nothing_decodes()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["cat", "dog"])
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllBytes(folder[$"{name}/a.png"], Png);
        }

        IDataSource source;
        try
        {
            source = DataSource.Open(folder, "none");
        }
        catch (UsageException e)
        {
            Assert.StartsWith("PNG and JPEG images are decoded by ONNX Runtime Extensions, which are not installed", e.Message);
            return;
        }

        Assert.Equal((2, true, 1), (source.Count, source.HasLabels, source.Label(1)));
        Assert.Equal([255, 0, 0, 0, 0, 255], source.Read(Inputs, [1])["x"].ToFloats());
    }
}
