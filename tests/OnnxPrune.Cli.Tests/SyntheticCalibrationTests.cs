using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary><c>--calib synthetic</c>: inputs for whoever has none.</summary>
public sealed class SyntheticCalibrationTests : TemporaryFolder
{
    [Fact]
    public void Inputs_that_are_made_from_the_network_choose_repair_and_measure()
    {
        var outcome = Cli.Run(
            Cli.Resnet, At("a.onnx"), "--target", "macs=60%", "--calib", "synthetic", "--calib-limit", "16", "--threads", "1");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("16 calibration inputs", outcome.Output);
        Assert.Matches(@"16 samples of[^'.]+network's\s+own\s+statistics", outcome.Output);
        Assert.True(File.Exists(At("a.onnx")));
    }

    [Fact]
    public void A_network_without_statistics_is_refused_with_what_to_do()
    {
        var g = new TestGraph();
        g.Classify(g.Relu(g.Conv(g.Input(3, 8, 8), 8, kernel: 3)));
        File.WriteAllBytes(At("in.onnx"), g.ToBytes());

        var outcome = Cli.Run(At("in.onnx"), At("out.onnx"), "--target", "macs=60%", "--calib", "synthetic");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("Export the network without folding, or give real inputs by --calib", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }
}
