namespace Tools.Tests;

public sealed class BenchmarkTests
{
    [Fact]
    public void A_sweep_has_a_row_for_every_model()
    {
        // when
        var sweep = Command.Run(Tool("bench"), ["sweep", Path.Combine(Repository.Root, "models"), "--target", "macs=75%", "--no-verify"]);

        // then
        Assert.Equal(0, sweep.ExitCode);
        Assert.All(Directory.GetFiles(Path.Combine(Repository.Root, "models"), "*.onnx"), model =>
            Assert.Matches($@"\| {Path.GetFileNameWithoutExtension(model)} \| 0 \| [\d,]+ \(\d\d\.\d %\) \|", sweep.Output));
    }

    [Fact]
    public void The_table_of_coverage_has_a_row_for_every_network_asked_for()
    {
        // when
        var coverage = Command.Run(Tool("coverage"), ["--only", "^mlp(_fp64)?$"]);

        // then
        Assert.Equal(0, coverage.ExitCode);
        Assert.Matches(@"\| mlp \| PyTorch \| 13 \| 100\.0 % \|", coverage.Output);
        Assert.Matches(@"\| mlp_fp64 \| double \| 13 \| 100\.0 % \|", coverage.Output);
    }

    [Fact]
    public void The_benchmark_makes_its_networks_and_measures_them()
    {
        // when
        var benchmark = Command.Run(Tool("bench"), ["speed", "--networks", "resnet20_cifar_A", "--runs", "1"]);

        // then
        Assert.Equal(0, benchmark.ExitCode);
        Assert.Matches(@"\| resnet20_cifar_A \| \d+\.\d \| \d+\.\d{3} ", benchmark.Output);
    }

    private static string Tool(string name) => Path.Combine(Repository.Root, "tools", name);
}
