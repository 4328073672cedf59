using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class ImageFolderTests
{
    private static readonly ValueDescription[] Inputs = [new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 1, 2))];

    [Fact]
    public void Class_folders_give_labels_and_pixels_in_RGB()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["cat", "dog"])
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllBytes(folder[$"{name}/a.png"], Pictures.Png);
            File.WriteAllBytes(folder[$"{name}/b.jpg"], Pictures.Jpeg);
        }

        var source = DataSource.Open(folder, "none");

        Assert.Equal((4, true, 1), (source.Count, source.HasLabels, source.Label(2)));
        Assert.Equal([255, 0, 0, 0, 0, 255, 252, 18, 20, 22, 20, 251], source.Read(Inputs, [0, 3])["x"].ToFloats());
    }

    [Fact]
    public void Grey_images_give_three_channels()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.jpeg"], Pictures.GreyJpeg);

        var source = DataSource.Open(folder, "none");

        Assert.False(source.HasLabels);
        Assert.Equal(
            [0, 60, 120, 180, 0, 60, 120, 180, 0, 60, 120, 180],
            source.Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 1, 4))], [0])["x"].ToFloats());
    }

    [Fact]
    public void Images_of_several_sizes_are_resized_and_cut_in_the_middle()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Pictures.Png);
        File.WriteAllBytes(folder["b.jpg"], Pictures.GreyJpeg);

        var source = DataSource.Open(folder, "none", resize: 1);

        // of 2x1 the left one of both, of 4x1 the third: as torchvision rounds
        Assert.Equal("2 images of 3x1x1 from '" + folder + "', resized, normalized: none", source.Description);
        Assert.Equal(
            [255, 0, 0, 120, 120, 120],
            source.Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 1, 1))], [0, 1])["x"].ToFloats());
        Assert.Equal([255, 0, 0, 120, 120, 120], source.Read(
            [new("x", ElementType.Float, new Shape(Dim.Unknown, Dim.Unknown, Dim.Unknown, Dim.Unknown))], [0, 1])["x"].ToFloats());
    }

    [Fact]
    public void Images_are_cut_to_inputs_with_channels_first_and_last()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Pictures.Png);
        var source = DataSource.Open(folder, "none", resize: 8);

        Assert.Equal([1, 3, 4, 6], source.Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 4, 6))], [0])["x"].Dims);
        Assert.Equal([1, 4, 6, 3], source.Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 4, 6, 3))], [0])["x"].Dims);
    }

    [Fact]
    public void Images_of_several_sizes_want_the_option()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Pictures.Png);
        File.WriteAllBytes(folder["b.jpg"], Pictures.GreyJpeg);

        Assert.Contains("is 4x1, but '", Refusal(folder, null, 1, 2));
        Assert.Contains("give --resize N to bring all to one size", Refusal(folder, null, 1, 2));
        Assert.Contains("give images of that size, or a folder of images and --resize", Refusal(folder, null, 3, 3));
        Assert.Contains("--resize 2 makes images too small for the model's input", Refusal(folder, 2, 3, 3));
        Assert.Contains("would make it 40000x20000, which is refused", Refusal(folder, 20000, 1, 1));
    }

    [Fact]
    public void Files_that_claim_to_be_larger_than_any_picture_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Pictures.PngThatClaims(60000, 60000));

        Assert.Matches(
            "claims .* pixels in .* bytes, and is refused", Assert.Throws<UsageException>(() => DataSource.Open(folder)).Message);
    }

    [Fact]
    public void Images_of_every_kind_are_found_by_their_extension_and_read_by_their_content()
    {
        using var folder = new TemporaryFolder();
        (string Name, string Kind)[] files = [
            ("a.webp", "WebP"), ("b.BMP", "BMP"), ("c.gif", "GIF of two pictures"), ("d.jpeg", "JPEG of four inks"), ("e.png", "BMP")
        ];
        foreach (var (name, kind) in files)
        {
            File.WriteAllBytes(folder[name], Pictures.Kind(kind));
        }

        File.WriteAllText(folder["notes.txt"], "no image");

        var read = DataSource.Open(folder, "none")
            .Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 2, 3))], [0, 1, 2, 3, 4])["x"];

        Assert.Equal([5, 3, 2, 3], read.Dims);
    }

    private static string Refusal(string folder, int? resize, long height, long width) => Assert.Throws<UsageException>(
        () => DataSource.Open(folder, "none", resize)
            .Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, height, width))], [0, 1])).Message;
}
