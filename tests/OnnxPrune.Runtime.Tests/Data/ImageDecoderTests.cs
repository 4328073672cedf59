using System.Diagnostics;
using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class ImageDecoderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();
    private readonly ImageDecoder _decoder = new(Patience);

    [Fact]
    public void A_JPEG_comes_as_red_green_and_blue() => Assert.Equal([252, 20, 20, 18, 22, 251], Decode(Pictures.Jpeg));

    [Fact]
    public void A_grey_JPEG_comes_as_one_channel() => Assert.Equal([0, 60, 120, 180], Decode(Pictures.GreyJpeg));

    [Fact]
    public void One_process_decodes_one_image_after_the_other()
    {
        Decode(Pictures.Png);
        var first = _decoder.ProcessId;
        Decode(Pictures.Jpeg);

        Assert.NotNull(first);
        Assert.Equal(first, _decoder.ProcessId);
    }

    [Fact]
    public void An_image_that_ends_its_decoder_is_refused_in_the_decoders_words_and_the_next_one_is_decoded()
    {
        var message = Refusal(Pictures.JpegThatEndsItsDecoder);

        Assert.EndsWith("is no PNG or JPEG image, or a damaged one (Bogus Huffman table definition).", message);
        Assert.Equal([255, 0, 0, 0, 0, 255], Decode(Pictures.Png));
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("stop")]
    public void A_process_that_something_else_ended_or_stopped_is_replaced(string signal)
    {
        using var decoder = new ImageDecoder(TimeSpan.FromSeconds(signal == "stop" ? 2 : 60));
        decoder.Decode(Write(Pictures.Png));
        var first = decoder.ProcessId!.Value;
        Signal(signal, first);

        Assert.Equal([255, 0, 0, 0, 0, 255], decoder.Decode(Write(Pictures.Png)).Data.ToArray());
        Assert.NotEqual(first, decoder.ProcessId);
    }

    [Fact]
    public void An_image_without_end_is_refused_when_its_time_is_over()
    {
        using var decoder = new ImageDecoder(TimeSpan.FromSeconds(2));

        var e = Assert.Throws<UsageException>(() => decoder.Decode(Write(Pictures.JpegWithoutEnd)));

        Assert.EndsWith("or a damaged one (not done in 2 s).", e.Message);
        Assert.Null(decoder.ProcessId);
    }

    [Fact]
    public void Signals_of_a_terminal_are_left_to_the_parent()
    {
        Decode(Pictures.Png);
        var first = _decoder.ProcessId!.Value;
        foreach (var signal in (string[])["int", "term", "hup"])
        {
            Signal(signal, first);
        }

        Decode(Pictures.Png);

        Assert.Equal(first, _decoder.ProcessId);
    }

    [Fact]
    public void The_process_ends_with_the_decoder()
    {
        Decode(Pictures.Png);
        using var process = Process.GetProcessById(_decoder.ProcessId!.Value);

        _decoder.Dispose();

        Assert.True(process.WaitForExit(Patience));
    }

    [Fact]
    public void A_file_that_is_cut_anywhere_is_refused()
    {
        foreach (var file in (byte[][])[Pictures.Jpeg, Pictures.GreyJpeg, Pictures.Png])
        {
            for (var length = 0; length < file.Length - 20; length += 7)
            {
                Assert.Matches("or a damaged one|ends too early", Refusal(file[..length]));
            }
        }
    }

    [Fact]
    public void A_file_that_is_no_image_is_refused() => Assert.Contains("is no PNG or JPEG image", Refusal("a text"u8.ToArray()));

    [Fact]
    public void A_file_that_is_gone_is_named() =>
        Assert.Equal($"'{_folder["gone.png"]}' does not exist.", Assert.Throws<UsageException>(() => _decoder.Decode(_folder["gone.png"])).Message);

    [Fact]
    public void An_interlaced_PNG_is_refused()
    {
        var file = Pictures.Png;
        file[28] = 1;

        Assert.EndsWith("is an interlaced PNG, which is not decoded; save it without interlacing.", Refusal(file));
    }

    [Fact]
    public void A_JPEG_of_four_inks_is_refused()
    {
        var file = Pictures.Jpeg;
        file[file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xc0]) + 9] = 4;

        Assert.EndsWith("is a CMYK JPEG, which is not decoded; convert it to RGB.", Refusal(file));
    }

    [Fact]
    public void Threads_wait_for_each_other()
    {
        var path = Write(Pictures.Png);

        Parallel.For(0, 100, _ => Assert.Equal(6, _decoder.Decode(path).Data.Length));
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }

    private byte[] Decode(byte[] file) => _decoder.Decode(Write(file)).Data.ToArray();

    private string Refusal(byte[] file) => Assert.Throws<UsageException>(() => _decoder.Decode(Write(file))).Message;

    private string Write(byte[] file)
    {
        var path = _folder["image"];
        File.WriteAllBytes(path, file);
        return path;
    }

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{process}"]);
        kill.WaitForExit();
    }
}
