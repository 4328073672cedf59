using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class SamplePictureTests
{
    private static readonly ValueDescription[] s_input = [new("x", ElementType.Float, new Shape())];

    [Fact]
    public void Pixels_are_shown_as_they_are_before_they_are_normalized()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of<byte>("|u1", "(2, 2, 2, 1)", [9, 9, 9, 9, 0, 1, 2, 255]));

        var picture = DataSource.Open(folder["x.npy"], "imagenet").Picture(s_input, 1)!;

        Assert.Equal((1, 2, 2), (picture.Channels, picture.Height, picture.Width));
        Assert.Equal([0, 1, 2, 255], picture.Pixels);
    }

    [Theory]
    [InlineData(new[] { 0f, 1, 0.5f, 0.25f }, new byte[] { 0, 255, 128, 64 })]
    [InlineData(new[] { 0f, 255, 127, 3 }, new byte[] { 0, 255, 127, 3 })]
    [InlineData(new[] { -2f, 2, 0, -1 }, new byte[] { 0, 255, 128, 64 })]
    public void Floats_go_from_black_to_white_by_what_they_can_be(float[] numbers, byte[] pixels)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", "(1, 1, 2, 2)", numbers));

        Assert.Equal(pixels, DataSource.Open(folder["x.npy"]).Picture(s_input, 0)!.Pixels);
    }

    [Theory]
    [InlineData("(2, 4)")]
    [InlineData("(1, 2, 2, 2)")]
    public void Numbers_that_are_no_image_have_no_picture(string shape)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", shape, [0f, 1, 2, 3, 4, 5, 6, 7]));

        Assert.Null(DataSource.Open(folder["x.npy"]).Picture(s_input, 0));
    }

    [Fact]
    public void An_image_of_a_folder_knows_its_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Pictures.Png);

        var picture = DataSource.Open(folder).Picture(s_input, 0)!;

        Assert.Equal(folder["a.png"], picture.File);
        Assert.Equal([255, 0, 0, 0, 0, 255], picture.Pixels);
    }

    [Theory]
    [InlineData(8, 2, 1)]
    [InlineData(1, 1, 1)]
    public void A_picture_becomes_a_PNG_that_is_no_larger_than_asked(int mostPixels, int width, int height)
    {
        // given: red, then blue
        using var folder = new TemporaryFolder();

        // when
        File.WriteAllBytes(folder["p.png"], PictureEncoder.Png(new SamplePicture(3, 1, 2, [255, 0, 0, 0, 0, 255]), mostPixels)!);

        // then
        var decoded = ImageDecoder.Decode(folder["p.png"]);
        Assert.Equal((height, width), ((int)decoded.Dims[0], (int)decoded.Dims[1]));
        if (width == 2)
        {
            Assert.Equal([255, 0, 0, 0, 0, 255], decoded.Data.ToArray());
        }
    }
}
