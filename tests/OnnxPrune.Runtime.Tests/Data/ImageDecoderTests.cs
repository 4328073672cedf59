using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class ImageDecoderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [MemberData(nameof(Pictures.Kinds), MemberType = typeof(Pictures))]
    public void Pixels_are_those_of_Pillow(string kind, string file, string pixels)
    {
        _ = kind;

        Assert.Equal(Convert.FromBase64String(pixels), Decode(Convert.FromBase64String(file)));
    }

    [Fact]
    public void A_JPEG_comes_as_red_green_and_blue() => Assert.Equal([252, 20, 20, 18, 22, 251], Decode(Pictures.Jpeg));

    [Fact]
    public void A_grey_JPEG_comes_as_three_equal_colours() =>
        Assert.Equal([0, 0, 0, 60, 60, 60, 120, 120, 120, 180, 180, 180], Decode(Pictures.GreyJpeg));

    [Fact]
    public void A_picture_is_not_turned_as_its_camera_noted()
    {
        var decoded = ImageDecoder.Decode(Write(Pictures.Kind("JPEG that a camera turned")));

        Assert.Equal([2, 3, 3], decoded.Dims);
    }

    [Theory]
    [InlineData("Interlaced PNG")]
    [InlineData("Progressive JPEG")]
    [InlineData("JPEG of four inks")]
    [InlineData("WebP")]
    [InlineData("BMP")]
    [InlineData("GIF of two pictures")]
    public void A_file_that_is_cut_anywhere_is_refused(string kind)
    {
        var file = Pictures.Kind(kind);
        var end = kind.StartsWith("GIF", StringComparison.Ordinal)
            ? FirstPictureOfGif(file)
            : file.Length - (kind.Contains("PNG") ? 20 : 2);
        for (var length = 3; length < end; length += 3)
        {
            Assert.Contains("is no PNG, JPEG, WebP, BMP or GIF image, or a damaged one (", Refusal(file[..length]));
        }
    }

    [Fact]
    public void A_file_without_a_byte_is_called_empty() => Assert.EndsWith("' is empty, and no image.", Refusal([]));

    [Fact]
    public void A_JPEG_without_its_end_is_refused_and_no_grey_is_made_up()
    {
        Assert.EndsWith("or a damaged one (it ends too early).", Refusal(Pictures.JpegWithoutEnd));
        Assert.EndsWith("or a damaged one (it ends too early).", Refusal(Pictures.Jpeg[..^2]));
    }

    [Fact]
    public void Marks_that_repeat_and_bytes_behind_the_end_are_no_damage()
    {
        var file = Pictures.Jpeg;

        Assert.Equal(Decode(file), Decode([.. file[..2], 0xff, 0xff, .. file[2..], 0xff, 0xda, 1, 2, 3]));
    }

    [Fact]
    public void A_damaged_table_is_refused_and_the_next_image_is_decoded()
    {
        Assert.Contains("or a damaged one (", Refusal(Pictures.JpegOfTooManyCodes));
        Assert.Equal([255, 0, 0, 0, 0, 255], Decode(Pictures.Png));
    }

    [Fact]
    public void A_file_that_claims_more_pixels_than_any_picture_is_refused_before_it_is_decoded()
    {
        Assert.Matches("claims 3600000000 pixels in [0-9]+ bytes, and is refused", Refusal(Pictures.PngThatClaims(60000, 60000)));
        Assert.Contains("or a damaged one (", Refusal(Pictures.PngThatClaims(0, 5)));
        Assert.Contains("or a damaged one (", Refusal(Pictures.PngThatClaims(-1, 5)));
    }

    [Fact]
    public void A_file_that_claims_more_pixels_than_its_bytes_can_hold_is_refused_before_it_is_decoded() =>
        Assert.Matches("claims 4000000 pixels in [0-9]+ bytes, and is refused", Refusal(Pictures.PngThatClaims(2000, 2000)));

    [Fact]
    public void A_file_that_is_no_image_is_refused() =>
        Assert.Contains(
            "is no PNG, JPEG, WebP, BMP or GIF image", Refusal("a text that is long enough for any header of a file"u8.ToArray()));

    [Fact]
    public void A_file_that_is_gone_is_named() =>
        Assert.Equal($"'{_folder["gone.png"]}' does not exist.", Assert.Throws<UsageException>(() =>
            ImageDecoder.Decode(_folder["gone.png"])).Message);

    [Fact]
    public void Threads_decode_side_by_side()
    {
        var path = Write(Pictures.Jpeg);
        var expected = ImageDecoder.Decode(path).Data.ToArray();

        Parallel.For(0, 1000, _ => Assert.Equal(expected, ImageDecoder.Decode(path).Data.ToArray()));
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Decode(byte[] file) => ImageDecoder.Decode(Write(file)).Data.ToArray();

    private string Refusal(byte[] file) => Assert.Throws<UsageException>(() => ImageDecoder.Decode(Write(file))).Message;

    private string Write(byte[] file)
    {
        var path = _folder["image"];
        File.WriteAllBytes(path, file);
        return path;
    }

    // Behind the extension that repeats the animation: a picture begins with a comma, and its last block of pixels is followed by an empty
    // one.
    private static int FirstPictureOfGif(byte[] file) => Array.IndexOf(file, (byte)',') + 12;
}
