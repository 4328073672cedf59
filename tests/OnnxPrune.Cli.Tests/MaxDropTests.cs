using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>On trained weights: only they have an accuracy to lose.</summary>
public sealed class MaxDropTests : TemporaryFolder
{
    private const int Images = 200;

    private static string Model => Path.Combine(SharedModelsTheoryAttribute.Folder, "resnet20_cifar10_A_bn_op13.onnx");

    [SharedModelsTheory]
    [InlineData("1.5")]
    [InlineData("10")]
    public void The_smallest_network_within_the_loss_is_written(string points)
    {
        var outcome =
            Cli.Run(
                Model,
                At("out.onnx"),
                "--max-drop",
                points,
                "--data",
                Data(),
                "--normalize",
                "imagenet",
                "--threads",
                "1",
                "--report",
                At("r.json"));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains($"Cut by a loss of at most {points} points of accuracy", outcome.Output);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var accuracy = report.RootElement.GetProperty("verification").GetProperty("accuracy");
        var lost = 100 * (accuracy.GetProperty("original_top1").GetDouble() - accuracy.GetProperty("pruned_top1").GetDouble());
        Assert.InRange(lost, -100, double.Parse(points, System.Globalization.CultureInfo.InvariantCulture) + 1e-9);
        Assert.True(Macs(report, "pruned") < Macs(report, "original"));
    }

    [SharedModelsTheory]
    [InlineData("0.4")]
    public void A_target_that_loses_more_ends_with_1_and_nothing_written(string points)
    {
        var outcome =
            Cli.Run(Model, At("out.onnx"), "--target", "macs=40%", "--max-drop", points, "--data", Data(), "--normalize", "imagenet");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"points of accuracy exceeds --max-drop {points}; nothing was written", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [SharedModelsTheory]
    [InlineData("--no-verify")]
    [InlineData("--target=macs=90%")]
    public void Data_without_labels_are_refused(string option)
    {
        var images = new float[3 * 32 * 32];
        File.WriteAllBytes(At("images.npy"), Npy(images));

        var outcome = Cli.Run(Model, At("out.onnx"), "--max-drop", "1", "--data", At("images.npy"), option);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("has none", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    private static byte[] Npy(float[] values)
    {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 32, 32), }";
        header = header.PadRight(128 - 10 - 1) + "\n";
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0];
        return [
            .. start, .. System.Text.Encoding.ASCII.GetBytes(header), .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)
        ];
    }

    private string Data() => SharedImages.Copy(At("some.bin"), 0, Images);

    private static long Macs(JsonDocument report, string which) => report.RootElement.GetProperty(which).GetProperty("macs").GetInt64();
}
