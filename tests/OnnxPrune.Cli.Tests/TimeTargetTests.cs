using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

public sealed class TimeTargetTests : TemporaryFolder
{
    // How fast a small network gets on a busy machine is nobody's promise; that it got faster is.
    private const double Sane = 1.1;

    [Theory]
    [InlineData("latency=100%")]
    [InlineData("latency=60s")]
    [InlineData("speedup=1")]
    public void A_target_that_the_original_keeps_changes_nothing(string target)
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", target, "--no-verify", "--report", At("r.json"));

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Nothing was cut, the output is the same network:", outcome.Output);
        using var report = Report();
        Assert.Equal(Figure(report, "original", "macs"), Figure(report, "pruned", "macs"));
        Assert.Equal(0, report.RootElement.GetProperty("latency_search").GetProperty("trials").GetInt32());
    }

    [Fact]
    public void The_race_that_met_a_speedup_is_the_one_that_is_reported()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "speedup=1.2", "--threads", "1", "--report", At("r.json"));

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("Cut by the target speedup=1.2: ", outcome.Output);
        Assert.Contains("Of the ideal gain (", outcome.Output);
        using var report = Report();
        var latency = report.RootElement.GetProperty("verification").GetProperty("latency");
        var ratio = latency.GetProperty("ratio").GetDouble();
        var macs = (double)Figure(report, "pruned", "macs") / Figure(report, "original", "macs");
        Assert.InRange(1 / ratio, Sane, 100);
        Assert.Equal((1 - ratio) / (1 - macs), latency.GetProperty("ideal_gain_realized").GetDouble(), 9);
        Assert.Equal(ratio, report.RootElement.GetProperty("latency_search").GetProperty("latency").GetProperty("ratio").GetDouble());
        Assert.Equal("blocks,channels", report.RootElement.GetProperty("options").GetProperty("granularity").GetString());
        var tried = report.RootElement.GetProperty("latency_search").GetProperty("tried");
        Assert.Equal(report.RootElement.GetProperty("latency_search").GetProperty("trials").GetInt32(), tried.GetArrayLength());
        Assert.InRange(tried[tried.GetArrayLength() - 1].GetProperty("used_low").GetDouble(), 0, 1);
        Assert.Contains("tried: 100.0 % of the MACs", outcome.Error);
        Assert.Equal("speedup=1.2", report.RootElement.GetProperty("options").GetProperty("targets")[0].GetString());
    }

    [Fact]
    public void Targets_of_cost_hold_beside_a_target_of_time()
    {
        // when
        var outcome = Cli.Run(
            Cli.Resnet, At("out.onnx"), "--target", "speedup=1.1", "--target", "macs=50%", "--target", "params=45%", "--threads", "1",
            "--no-verify", "--report", At("r.json"));

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = Report();
        Assert.InRange(Figure(report, "pruned", "macs"), 1, Figure(report, "original", "macs") / 2);
        Assert.InRange(Figure(report, "pruned", "parameters"), 1, Figure(report, "original", "parameters") * 45 / 100);
        Assert.True(report.RootElement.GetProperty("latency_search").GetProperty("latency").GetProperty("speedup").GetDouble() > 1);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("verification").ValueKind);
    }

    private JsonDocument Report() => JsonDocument.Parse(File.ReadAllText(At("r.json")));

    private static long Figure(JsonDocument report, string model, string name) =>
        report.RootElement.GetProperty(model).GetProperty(name).GetInt64();
}
