using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>Data that a network cannot be judged or repaired by: refused or told of before any work is done.</summary>
public sealed class DataReviewTests : TemporaryFolder
{
    private const int Pixels = 3 * 32 * 32;

    private static string Trained => Path.Combine(SharedModelsTheoryAttribute.Folder, "resnet20_cifar10_A_bn_op13.onnx");

    [Theory]
    [InlineData("prune", "--calib")]
    [InlineData("prune", "--data")]
    [InlineData("verify", "--calib")]
    [InlineData("verify", "--data")]
    [InlineData("finetune", "--data")]
    [InlineData("train", "--data")]
    public void A_sample_that_is_not_finite_ends_with_2_and_is_named(string command, string option)
    {
        // given
        var values = new float[10 * Pixels];
        values[7 * Pixels] = float.NaN;
        WriteNpy("x.npy", values, 10, 3, 32, 32);

        // when
        var outcome = Cli.Run([.. Command(command), option, At("x.npy")]);

        // then
        AssertRefused(2, $"sample 7 of '{At("x.npy")}' is not finite, it holds NaN", outcome);
    }

    [Theory]
    [InlineData("prune")]
    [InlineData("verify")]
    [InlineData("finetune")]
    public void An_unknown_normalization_ends_with_2_with_data_and_without(string command)
    {
        string[] data = command == "finetune" ? ["--data", At("none.bin")] : [];

        AssertRefused(2, "--normalize imagenot is unknown", Cli.Run([.. Command(command), .. data, "--normalize", "imagenot"]));
    }

    [Theory]
    [InlineData("prune", "--calib")]
    [InlineData("verify", "--data")]
    [InlineData("finetune", "--data")]
    public void Floats_that_are_no_pixels_are_not_normalized_again(string command, string option)
    {
        WriteNpy("x.npy", Noise(10 * Pixels), 10, 3, 32, 32);

        AssertRefused(2, "--normalize cifar10 is for pixels, but the floats of", Cli.Run(
            [.. Command(command), option, At("x.npy"), "--normalize", "cifar10"]));
    }

    [Fact]
    public void Floats_with_channels_last_are_told_of()
    {
        WriteNpy("x.npy", Noise(10 * Pixels), 10, 32, 32, 3);

        var outcome = Cli.Run("verify", Cli.Resnet, Cli.Resnet, "--calib", At("x.npy"));

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("were taken to have their channels last, and were turned to channels first", outcome.Error);
    }

    [Fact]
    public void The_same_inputs_to_repair_and_to_judge_by_are_told_of()
    {
        // given: the file, a link to it, and a copy
        WriteNpy("x.npy", Noise(20 * Pixels), 20, 3, 32, 32);
        File.CreateSymbolicLink(At("link.npy"), At("x.npy"));
        Copy(At("x.npy"), "copy.npy");
        Outcome Run(string data) =>
            Cli.Run(
                Cli.Resnet,
                At("out.onnx"),
                "--target",
                "macs=90%",
                "--repair",
                "layers",
                "--calib",
                At("x.npy"),
                "--data",
                At(data),
                "--dry-run");

        // when
        var (same, link, copy) = (Run("x.npy"), Run("link.npy"), Run("copy.npy"));

        // then
        Assert.All([same, link], o => Assert.Contains("--calib and --data are the same", o.Error));
        Assert.Contains("of 20 samples of --data that were looked at, 20 are among those of --calib", copy.Error);
        Assert.All([same, link, copy], o => Assert.Equal(0, o.ExitCode));
    }

    [Fact]
    public void Each_kind_of_data_has_its_own_limit()
    {
        // given
        WriteNpy("calib.npy", Noise(30 * Pixels), 30, 3, 32, 32);
        WriteNpy("data.npy", Noise(30 * Pixels), 30, 3, 32, 32);

        // when
        var outcome = Cli.Run(
            Cli.Resnet, At("out.onnx"), "--target", "macs=90%", "--repair", "layers", "--report", At("r.json"),
            "--calib", At("calib.npy"), "--data", At("data.npy"), "--limit", "20", "--data-limit", "5");

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.Equal(20, report.RootElement.GetProperty("repair").GetProperty("samples").GetInt32());
        Assert.Equal(5, report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("samples").GetInt32());
        Assert.Equal(5, report.RootElement.GetProperty("options").GetProperty("data_limit").GetInt32());
    }

    [SharedModelsTheory]
    [InlineData("--max-drop", "1", "--data")]
    [InlineData("--max-drift", "0.05", "--calib")]
    public void A_limit_is_refused_on_samples_that_were_normalized_twice(string limit, string value, string option)
    {
        // given: normalized as the network wants it, divided by 255 and normalized again
        WriteNormalizedTwice("x.npz", 100);
        string[] run = [Trained, At("out.onnx"), "--target", "macs=90%", "--repair", "none", option, At("x.npz")];

        // when
        var gated = Cli.Run([.. run, limit, value]);

        // then
        AssertRefused(
            2,
            $"{limit} cannot be judged, because the original may not know inputs like {option} '{At("x.npz")}': of 100 samples, ",
            gated);

        // when
        var free = Cli.Run(run);

        // then
        Assert.Equal(0, free.ExitCode);
        Assert.Contains("note: the original may not know inputs like", free.Error);
    }

    [SharedModelsTheory]
    [InlineData(16)]
    public void Few_samples_of_one_class_are_good_enough_for_a_limit(int count)
    {
        // given
        var all = File.ReadAllBytes(SharedImages.Copy(At("all.bin"), 0, 400));
        File.WriteAllBytes(At("cats.bin"), [.. all.Chunk(Pixels + 1).Where(i => i[0] == 3).Take(count).SelectMany(i => i)]);

        // when
        var outcome = Cli.Run("verify", Trained, Trained, "--max-drift", "0.05", "--normalize", "imagenet", "--calib", At("cats.bin"));

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    [SharedModelsTheory]
    [InlineData("0.1", true)]
    [InlineData("1", false)]
    public void A_limit_finer_than_the_samples_is_told_of(string points, bool isFiner)
    {
        var outcome =
            Cli.Run(
                Trained,
                At("out.onnx"),
                "--target",
                "macs=95%",
                "--max-drop",
                points,
                "--data",
                SharedImages.Copy(At("some.bin"), 0, 200),
                "--normalize",
                "imagenet",
                "--dry-run");

        Assert.Equal(isFiner, outcome.Error.Contains(
            $"--max-drop {points} is finer than 200 samples can show: one of them is 0.5 points", StringComparison.Ordinal));
    }

    private string[] Command(string name) => name switch
    {
        "prune" => [Cli.Resnet, At("out.onnx"), "--target", "macs=60%"],
        "verify" => ["verify", Cli.Resnet, Cli.Resnet],
        _ => [name, Cli.Resnet, At("out.onnx")],
    };

    private void AssertRefused(int code, string message, Outcome outcome)
    {
        Assert.Contains(message, outcome.Error);
        Assert.Equal(code, outcome.ExitCode);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.False(File.Exists(At("out.onnx")));
    }

    private static float[] Noise(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((4 * random.NextDouble()) - 2))];
    }

    private void WriteNormalizedTwice(string name, int count)
    {
        (float Mean, float Std)[] channels = [(.485f, .229f), (.456f, .224f), (.406f, .225f)];
        var images = File.ReadAllBytes(SharedImages.Copy(At("once.bin"), 0, count)).Chunk(Pixels + 1).ToArray();
        var values = images.SelectMany(image => image.Skip(1).Select((pixel, i) =>
        {
            var (mean, std) = channels[i / (32 * 32)];
            return ((((pixel / 255f) - mean) / std / 255) - mean) / std;
        }));
        using var archive = System.IO.Compression.ZipFile.Open(At(name), System.IO.Compression.ZipArchiveMode.Create);
        Write("x.npy", Npy("<f4", [.. values], count, 3, 32, 32));
        Write("y.npy", Npy("|u1", [.. images.Select(i => i[0])], count));

        void Write(string member, byte[] array)
        {
            using var stream = archive.CreateEntry(member).Open();
            stream.Write(array);
        }
    }

    private void WriteNpy(string name, float[] values, params int[] dims) => File.WriteAllBytes(At(name), Npy("<f4", values, dims));

    private static byte[] Npy<T>(string descr, T[] values, params int[] dims) where T : unmanaged
    {
        var header = string
            .Create(
                CultureInfo.InvariantCulture, $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({string.Join(", ", dims)},), }}")
            .PadRight(127 - 10) + "\n";
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0];
        return [.. start, .. Encoding.ASCII.GetBytes(header), .. MemoryMarshal.AsBytes<T>(values)];
    }
}
