using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>What <c>--repair</c> does with calibration inputs, on trained weights.</summary>
public sealed class RepairTests : TemporaryFolder
{
    // From fewer, layers that are fitted together gain little more than chance.
    private const int Images = 500;
    private const int Unseen = 1000;

    private static string Model => Path.Combine(SharedModelsTheoryAttribute.Folder, "resnet20_cifar10_A_bn_op13.onnx");

    [SharedModelsTheory]
    [InlineData("macs=45%")]
    public void Every_step_of_the_repair_saves_more_on_images_that_it_has_not_seen(string target)
    {
        var agreement = Array.ConvertAll(["none", "layers", "auto", "thorough"], how => Agreement(target, how));

        Assert.True(agreement[0].Share < agreement[1].Share);
        Assert.True(agreement[1].Share < agreement[2].Share || !agreement[2].HasLibtorch);

        // On as few images as these, three times as long may be no better than once.
        Assert.True(agreement[1].Share < agreement[3].Share || !agreement[3].HasLibtorch);
    }

    private (double Share, bool HasLibtorch) Agreement(string target, string how)
    {
        var outcome = Cli.Run(
            [Model, At("out.onnx"), "--target", target, "--repair", how, "--normalize", "imagenet", "--report", At("r.json"),
                "--calib", SharedImages.Copy(At("calib.bin"), 0, Images), "--data", SharedImages.Copy(At("unseen.bin"), Images, Unseen)]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.Equal(how, report.RootElement.GetProperty("options").GetProperty("repair").GetString());
        var hasLibtorch = !outcome.Error.Contains("libtorch cannot be loaded", StringComparison.Ordinal);
        var repair = report.RootElement.GetProperty("repair");
        if (how != "none")
        {
            Assert.Equal(Images, repair.GetProperty("samples").GetInt32());
            Assert.Equal(how is "auto" or "thorough" && hasLibtorch, repair.GetProperty("regions").GetInt32() > 0);
        }

        return (report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("agreement").GetDouble(), hasLibtorch);
    }
}
