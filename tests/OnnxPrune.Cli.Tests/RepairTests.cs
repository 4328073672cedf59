using System.Text.Json;
using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary>The effect of <c>--repair</c> with calibration inputs, on trained weights.</summary>
[Trait(Suite.Name, Suite.Long)]
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
        // What is cut is decided once: that takes as long as to repair it.
        var layers = Agreement("layers", "--target", target, "--plan-out", At("plan.json"));
        var (none, auto, thorough) = (
            Agreement("none", "--plan", At("plan.json")),
            Agreement("auto", "--plan", At("plan.json")),
            Agreement("thorough", "--plan", At("plan.json")));

        Assert.True(none < layers);
        Assert.True(layers < auto);

        // On as few images as these, several times as long may be no better than once.
        Assert.True(layers < thorough);
    }

    [Fact]
    public void A_deep_cut_comes_closer_by_distillation()
    {
        var (repaired, distilled) = (Example("auto"), Example("distill"));

        Assert.Equal(0, repaired.Epochs);
        Assert.InRange(distilled.Epochs, 1, 40);
        Assert.True(distilled.Top1 > repaired.Top1, $"{distilled.Top1} after {repaired.Top1}");
    }

    /// <summary>The trained example at a fifth of its MACs.</summary>
    private (int Epochs, double Top1) Example(string how)
    {
        string In(string name) => Path.Combine(Cli.Root, "models", name);
        var outcome = Cli.Run(
            In("resnet20_shapes.onnx"), At("out.onnx"), "--target", "macs=20%", "--repair", how, "--report", At("r.json"),
            "--calib", In("shapes_calibration.npz"), "--data", In("shapes_test.npz"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        return (
            report.RootElement.GetProperty("repair").GetProperty("distillation_epochs").GetInt32(),
            report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("pruned_top1").GetDouble());
    }

    private double Agreement(string how, params string[] cut)
    {
        var outcome = Cli.Run(
            [Model, At("out.onnx"), .. cut, "--repair", how, "--normalize", "imagenet", "--report", At("r.json"),
                "--calib", SharedImages.Copy(At("calib.bin"), 0, Images), "--data", SharedImages.Copy(At("unseen.bin"), Images, Unseen)]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.Equal(how, report.RootElement.GetProperty("options").GetProperty("repair").GetString());
        var repair = report.RootElement.GetProperty("repair");
        if (how != "none")
        {
            Assert.Equal(Images, repair.GetProperty("samples").GetInt32());
            Assert.Equal(how is "auto" or "thorough", repair.GetProperty("regions").GetInt32() > 0);
            Assert.Equal(0, repair.GetProperty("distillation_epochs").GetInt32());
        }

        return report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("agreement").GetDouble();
    }
}
