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

    [Fact]
    public void Files_that_claim_to_be_larger_than_any_picture_are_refused_where_images_are_decoded()
    {
        using var folder = new TemporaryFolder();
        var bomb = Png.ToArray();
        (bomb[16], bomb[20]) = (0x7f, 0x7f);
        File.WriteAllBytes(folder["a.png"], bomb);

        Assert.Matches("claims .* pixels in .* bytes, and is refused|are not installed", Assert.Throws<UsageException>(() => DataSource.Open(folder)).Message);
    }

    [Theory]
    [InlineData("iVBORw0KGgoAAAANSUhEUgAAAAIAAAAB", 2L)]
    [InlineData("/9j/2wAEAAD/wAALCAADAAUBAREA", 15L)]
    [InlineData("/9j//9sABAAA/8IACwgAAwAFAQERAA==", 15L)]
    [InlineData("/9j/2wAEAAD/wAALCAAD", null)]
    [InlineData("/9j/2//////////////AAAsIAAMABQEBEQA=", null)]
    [InlineData("/9gAAAAAAAAAAAAAAAAAAAA=", null)]
    [InlineData("iVBORw0KGgoAAAAN", null)]
    [InlineData("Qk0=", null)]
    [InlineData("", null)]
    public void Header_of_an_image_states_its_size(string file, long? pixels) => Assert.Equal(pixels, ImageHeader.Pixels(Convert.FromBase64String(file)));
}
