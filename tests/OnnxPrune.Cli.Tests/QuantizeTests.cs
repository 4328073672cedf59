using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Tests;

public sealed class QuantizeTests : TemporaryFolder
{
    [Fact]
    public void A_quantized_model_is_written_with_its_figures()
    {
        var outcome = Cli.Run(
            "quantize", Cli.Resnet, At("out.onnx"), "--calib", Images(), "--threads", "1", "--keep-slower", "--report", At("r.json"));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("compute with 8-bit integers", outcome.Output);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var root = report.RootElement;
        Assert.Equal("quantize", root.GetProperty("command").GetString());
        Assert.Equal(20, root.GetProperty("integer_layers").GetInt32());
        Assert.Equal(0, root.GetProperty("float_islands").GetArrayLength());
        Assert.True(root
            .GetProperty("quantized")
            .GetProperty("file_bytes")
            .GetInt64() < 0.4 * root.GetProperty("original").GetProperty("file_bytes").GetInt64());
        Assert.InRange(root.GetProperty("verification").GetProperty("drift").GetDouble(), 1e-6, 0.2);
        Assert.Equal(0, Cli.Run("verify", Cli.Resnet, At("out.onnx"), "--calib", Images(), "--max-drift", "0.2").ExitCode);
    }

    [Fact]
    public void A_drift_beyond_the_limit_ends_with_1_and_nothing_written()
    {
        var outcome =
            Cli.Run("quantize", Cli.Resnet, At("out.onnx"), "--calib", Images(), "--threads", "1", "--keep-slower", "--max-drift", "1e-9");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("within the limits; nothing was written", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void What_was_pruned_is_quantized_and_both_are_reported()
    {
        var outcome =
            Cli.Run(
                Cli.Resnet,
                At("out.onnx"),
                "--target",
                "macs=80%",
                "--repair",
                "layers",
                "--int8",
                "--calib",
                Images(),
                "--threads",
                "1",
                "--report",
                At("r.json"));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var quantization = report.RootElement.GetProperty("quantization");
        var isFloat = quantization.GetProperty("kept_float").ValueKind == JsonValueKind.String;
        Assert.Equal(isFloat, quantization.GetProperty("speedup").GetDouble() <= 1);
        Assert.Equal(isFloat, quantization.GetProperty("integer_layers").GetInt32() == 0);
        Assert.Equal(!isFloat, new FileInfo(At("out.onnx")).Length < 0.4 * new FileInfo(Cli.Resnet).Length);
    }

    [Fact]
    public void A_network_for_another_runtime_gets_its_multiples_and_integers_whatever_the_clock_says_here()
    {
        var outcome = Cli.Run(
            Cli.Resnet, At("out.onnx"), "--target", "macs=70%", "--for", "xnnpack", "--int8", "--repair", "layers", "--calib", Images(),
            "--threads", "1");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("Meant for xnnpack", outcome.Output);
        var nodes = OnnxFile.Read(At("out.onnx")).Graph.Nodes;
        Assert.All(nodes.Where(n => n.OpType == "QuantizeLinear"), n =>
            Assert.Equal(ElementType.Int8, n.Inputs[2]!.Initializer!.ElementType));
        var widths = nodes.Where(n => n.OpType == "Conv").Select(n => n.Inputs[1]!.Producer!.Inputs[0]!.Initializer!.Dims[0]).ToArray();
        Assert.NotEmpty(widths);
        Assert.All(widths, w => Assert.Equal(0, w % 8));
    }

    [Theory]
    [InlineData("coreml", "macs=70%", "--for coreml has no integers for --int8")]
    [InlineData("tensorrt", "speedup=2", "this machine's clock, which knows nothing of tensorrt")]
    [InlineData("tensort", "macs=70%", "Did you mean 'tensorrt'?")]
    public void A_runtime_that_cannot_have_what_is_asked_for_is_wrong_usage(string runtime, string target, string message)
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", target, "--for", runtime, "--int8", "--calib", Images());

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error.ReplaceLineEndings(" "), StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void Layers_stay_float_until_a_limit_of_the_pruned_network_holds()
    {
        var free = Drift(Prune("--target", "macs=100%"), out _);

        var kept = Drift(Prune("--target", "macs=100%", "--max-drift", Number(free / 2)), out var quantization);

        Assert.True(free > 0, "integers were slower here");
        Assert.InRange(kept, 0, free / 2 * 1.001);
        var drifts = quantization.GetProperty("float_islands").EnumerateArray().Select(i => i.GetProperty("drift").GetDouble()).ToArray();
        Assert.True(quantization.GetProperty("kept_float").ValueKind == JsonValueKind.String || drifts is [> 0, ..]);
    }

    [Fact]
    public void A_limit_that_the_floats_miss_is_missed()
    {
        var outcome = Prune("--target", "macs=50%", "--max-drift", "1e-6");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("exceeds --max-drift", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void Integers_that_meet_a_target_of_time_leave_the_channels_alone()
    {
        var outcome = Prune("--target", "speedup=1.1");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var root = report.RootElement;
        Assert.True(root.GetProperty("latency_search").GetProperty("latency").GetProperty("speedup").GetDouble() >= 1.1);
        if (root.GetProperty("quantization").GetProperty("kept_float").ValueKind == JsonValueKind.Null)
        {
            Assert.Equal(Macs("original"), Macs("pruned"));
        }

        long Macs(string model) => root.GetProperty(model).GetProperty("macs").GetInt64();
    }

    [Fact]
    public void Int8_without_inputs_ends_with_2()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=80%", "--int8");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("give some hundred of them by --calib", outcome.Error);
    }

    [Theory]
    [InlineData("--calib", "")]
    [InlineData("is slower there", "--calib={images}", "--provider=cuda")]
    [InlineData("choose auto, cpu, cpu-avx2, tensorrt, openvino or xnnpack", "--calib={images}", "--for=gpu")]
    [InlineData("--data", "--calib={images}", "--max-drop=1")]
    public void Wrong_usage_ends_with_2(string reason, params string[] options)
    {
        var outcome = Cli.Run(["quantize", Cli.Resnet, At("out.onnx"), .. options.Where(o =>
            o.Length > 0).Select(o => o.Replace("{images}", Images(), StringComparison.Ordinal))]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    private Outcome Prune(params string[] options) => Cli.Run([
        Cli.Resnet, At("out.onnx"), "--repair", "layers", "--int8", "--calib", Images(), "--threads", "1", "--report", At("r.json"),
        .. options
    ]);

    private double Drift(Outcome outcome, out JsonElement quantization)
    {
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var root = JsonDocument.Parse(File.ReadAllText(At("r.json"))).RootElement;
        quantization = root.GetProperty("quantization");
        return root.GetProperty("verification").GetProperty("drift").GetDouble();
    }

    private static string Number(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Eight images of noise.</summary>
    private string Images()
    {
        const int Count = 8;
        var random = new Random(1);
        var path = At("images.npy");
        if (!File.Exists(path))
        {
            var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({Count}, 3, 32, 32), }}".PadRight(128 - 10 - 1) + "\n";
            byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0];
            float[] values = [.. Enumerable.Range(0, Count * 3 * 32 * 32).Select(_ => (float)((2 * random.NextDouble()) - 1))];
            File.WriteAllBytes(
                path,
                [
                    .. start,
                    .. System.Text.Encoding.ASCII.GetBytes(header),
                    .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)
                ]);
        }

        return path;
    }
}
