using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;
using Google.Protobuf;
using Onnx;

namespace OnnxPrune.Cli.Tests;

/// <summary>Files that are made to do harm: refused with one sentence, and shown as plain text.</summary>
public sealed class HostileInputTests : TemporaryFolder
{
    private const string Script = "<script>alert('\"&')</script>|`*\u001b[31m\u202e";

    // 60000x60000 pixels by its header, and none behind it.
    private const string HugePng = "iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgCAIAAAAPsOIVAAAAAUlEQVQAKDh96A==";

    [Fact]
    public void Values_beyond_the_memory_of_the_machine_end_with_4()
    {
        // given: 128 MB, by .NET's word, of which one value of this batch takes half
        var outcome = Cli.Finish(Cli.Start(
            ["verify", Cli.Resnet, Cli.Resnet, "--input-shape", "input=1024,3,32,32"],
            new Dictionary<string, string?> { ["DOTNET_GCHeapHardLimit"] = "8000000" }));

        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains("the memory of this machine is not enough", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("location", "/etc/hostname", "is refused, because only files in the model's own folder are read")]
    [InlineData("location", "../secret.bin", "is refused, because only files in the model's own folder are read")]
    [InlineData("location", "link.bin", "is a link that leaves the model's folder")]
    [InlineData("offset", "9223372036854775807", "are not inside")]
    [InlineData("length", "9223372036854775807", "its external data states")]
    [InlineData("length", "-1", "which is no number")]
    public void External_data_that_lie_elsewhere_end_with_4(string key, string value, string message)
    {
        // given
        File.WriteAllBytes(At("secret.bin"), new byte[4096]);
        var folder = Directory.CreateDirectory(At("model")).FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "link.bin"), At("secret.bin"));
        File.WriteAllBytes(Path.Combine(folder, "data.bin"), new byte[4096]);
        var model = Read();
        var tensor = model.Graph.Initializer.First(i => i.RawData.Length is > 0 and < 4096);
        tensor.RawData = ByteString.Empty;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "data.bin" });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        File.WriteAllBytes(Path.Combine(folder, "in.onnx"), model.ToByteArray());

        // when
        var outcome = Cli.Run(Path.Combine(folder, "in.onnx"), At("out.onnx"), "--target", "macs=50%");

        // then
        AssertRefused(4, message, outcome);
    }

    [Fact]
    public void An_archive_bomb_ends_with_2()
    {
        // given
        using (var archive = ZipFile.Open(At("bomb.npz"), ZipArchiveMode.Create))
        {
            using var stream = archive.CreateEntry("x.npy", CompressionLevel.Optimal).Open();
            for (var i = 0; i < 80; i++)
            {
                stream.Write(new byte[1 << 20]);
            }
        }

        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--calib", At("bomb.npz"));

        // then
        AssertRefused(2, "and is refused", outcome);
    }

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.jpg")]
    public void An_image_bomb_ends_with_2(string name)
    {
        // given
        Directory.CreateDirectory(At("images"));
        File.WriteAllBytes(At($"images/{name}"), name == "a.png" ? Convert.FromBase64String(HugePng) : Jpeg(60000, 60000));

        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--calib", At("images"));

        // then
        AssertRefused(2, "claims 3600000000 pixels in", outcome);
    }

    [Fact]
    public void A_damaged_image_ends_with_2()
    {
        // given: a frame whose scan has no tables
        Directory.CreateDirectory(At("images"));
        File.WriteAllBytes(At("images/a.jpg"), Jpeg(32, 32));

        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--calib", At("images"));

        // then
        AssertRefused(2, "is no PNG, JPEG, WebP, BMP or GIF image, or a damaged one (", outcome);
    }

    [Fact]
    public void Images_without_the_library_that_decodes_them_end_with_2()
    {
        // given: a copy of the program without it
        Directory.CreateDirectory(At("app"));
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(Cli.Executable)!)
            .Where(f => Path.GetFileName(f) != "libSkiaSharp.so"))
        {
            File.Copy(file, Path.Combine(At("app"), Path.GetFileName(file)));
        }

        Directory.CreateDirectory(At("images"));
        File.WriteAllBytes(At("images/a.jpg"), Jpeg(32, 32));

        // when
        var outcome = Cli.Finish(Cli.StartProcess(
            Path.Combine(At("app"), Path.GetFileName(Cli.Executable)),
            [Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--calib", At("images")]));

        // then
        AssertRefused(2, "are decoded by SkiaSharp, whose native library (libSkiaSharp) is not installed", outcome);
    }

    [Fact]
    public void An_input_of_any_size_is_not_made_up()
    {
        // given
        var model = Read();
        model.Graph.Input[0].Type.TensorType.Shape.Dim[2].DimValue = 1L << 40;
        model.Graph.ValueInfo.Clear();
        File.WriteAllBytes(At("in.onnx"), model.ToByteArray());

        // when
        var outcome = Cli.Run(At("in.onnx"), At("out.onnx"));

        // then
        Assert.Equal(4, outcome.ExitCode);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void Names_are_shown_as_text()
    {
        // given
        var model = Read();
        foreach (var (node, i) in model.Graph.Node.Select((n, i) => (n, i)))
        {
            node.Name = $"{Script}{i}";
        }

        File.WriteAllBytes(At("in.onnx"), model.ToByteArray());

        // when
        string[] run = [At("in.onnx"), At("out.onnx"), "--target", "macs=75%", "--no-verify"];
        var outcomes = new[]
        {
            Cli.Run([.. run, "--report", At("r.json")]), Cli.Run([.. run, "--report", At("r.md")]), Cli.Run("inspect", At("in.onnx")),
            Cli.Run([.. run, "--target", "macs=1%"]),
        };
        var json = Cli.Run("inspect", At("in.onnx"), "--json").Output;

        // then
        Assert.Equal([0, 0, 0, 3], outcomes.Select(o => o.ExitCode));
        Assert.All(outcomes, o => Assert.DoesNotContain(o.Output + o.Error, c => char.IsControl(c) && c != '\n'));
        Assert.All([File.ReadAllText(At("r.json")), json], text =>
        {
            Assert.DoesNotContain("<", text);
            Assert.DoesNotContain("\u001b", text);
            Assert.Contains(Strings(JsonDocument.Parse(text).RootElement), s => s.StartsWith(Script, StringComparison.Ordinal));
        });
        var page = File.ReadAllText(At("r.md"));
        Assert.DoesNotMatch(@"(?<!\\)<script|[\u001b\u202e]", page);
        Assert.Contains(@"\<script\>alert('""\&')\</script\>\|\`\*", page);
    }

    private static IEnumerable<string> Strings(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Strings(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };

    private static ModelProto Read() => ModelProto.Parser.ParseFrom(File.ReadAllBytes(Cli.Resnet));

    private void AssertRefused(int code, string message, Outcome outcome)
    {
        Assert.Equal(code, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.False(File.Exists(At("out.onnx")));
    }

    // An empty comment, the frame header, the header of a scan, and the end.
    private static byte[] Jpeg(ushort width, ushort height)
    {
        byte[] bytes = [
            0xff,
            0xd8,
            0xff,
            0xfe,
            0,
            2,
            0xff,
            0xc0,
            0,
            11,
            8,
            .. new byte[4],
            1,
            1,
            0x11,
            0,
            0xff,
            0xda,
            0,
            8,
            1,
            1,
            0,
            0,
            63,
            0,
            0xff,
            0xd9
        ];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(11), height);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(13), width);
        return bytes;
    }
}
