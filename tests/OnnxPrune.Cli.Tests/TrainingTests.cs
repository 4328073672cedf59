using System.Runtime.InteropServices;
using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary>Training as a user runs it, on random images: what is learned does not matter here, what is written does.</summary>
public sealed class TrainingTests : TemporaryFolder
{
    private const int Record = 1 + (3 * 32 * 32);

    private static readonly string[] s_short =
        [
            "--gate-epochs",
            "1",
            "--recover-epochs",
            "1",
            "--sparse-epochs",
            "1",
            "--epochs",
            "1",
            "--batch",
            "16",
            "--lr",
            "0.001",
            "--seed",
            "3",
            "--threads",
            "1"
        ];

    [Theory]
    [InlineData("macs=50%", 0.5)]
    [InlineData("speedup=1.2", 0.95)]
    public void The_masks_that_train_writes_are_what_pruning_applies(string target, double share)
    {
        // given
        WriteImages();

        // when
        var trained = Cli.Run(
            [
                "train",
                Cli.Resnet,
                At("masked.onnx"),
                "--target",
                target,
                "--data",
                At("images.bin"),
                "--hold-out",
                "16",
                "--pruned",
                At("pruned.onnx"),
                "--log",
                At("log.jsonl"),
                .. s_short
            ]);
        var applied = Cli.Run(At("masked.onnx"), At("applied.onnx"), "--no-verify", "--report", At("r.json"));

        // then
        Assert.True(trained.ExitCode == 0, trained.Error);
        Assert.Contains("Top-1 accuracy", trained.Output);
        Assert.Contains("Latency P50", trained.Output);
        Assert.Equal(0, applied.ExitCode);
        Assert.Contains("Cut by the masks that the model carries", applied.Output);
        Assert.Equal(0, Cli.Run("verify", At("applied.onnx"), At("pruned.onnx"), "--max-drift", "0.0001").ExitCode);

        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.True(report.RootElement.GetProperty("pruned").GetProperty("macs").GetInt64() <= share * 40_551_040);
        Assert.False(File.Exists(At("masked.onnx.checkpoint")));

        var lines = File.ReadAllLines(At("log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["epoch gates", "cut gates", "epoch recover", "epoch sparse", "cut sparse", "epoch finetune"], lines.Select(l =>
            $"{l.GetProperty("kind")} {l.GetProperty("phase")}"));
        Assert.All(lines, l => Assert.Equal(1, l.GetProperty("schema_version").GetInt32()));
    }

    [Theory]
    [InlineData(2, 130)]
    [InlineData(15, 143)]
    public void A_signal_saves_and_the_same_command_goes_on_to_the_same_bytes(int signal, int code)
    {
        // given
        WriteImages();
        string[] Command(string name) =>
            [
                "finetune",
                Cli.Resnet,
                At(name),
                "--data",
                At("images.bin"),
                "--hold-out",
                "16",
                "--epochs",
                "8",
                "--batch",
                "16",
                "--lr",
                "0.001",
                "--threads",
                "1",
                "--keep",
                "last"
            ];
        Assert.Equal(0, Cli.Run(Command("whole.onnx")).ExitCode);

        // when
        var process = Cli.Start(Command("out.onnx"));
        while (!process.StandardError.ReadLine()!.StartsWith("finetune 2/", StringComparison.Ordinal))
        {
        }

        _ = Kill(process.Id, signal);
        var interrupted = Cli.Finish(process);
        var resumed = Cli.Run(Command("out.onnx"));

        // then
        Assert.Equal(code, interrupted.ExitCode);
        Assert.Contains("stopped; the same command goes on", interrupted.Error);
        Assert.Equal(0, resumed.ExitCode);
        Assert.DoesNotContain("finetune 1/", resumed.Error);
        Assert.Equal(File.ReadAllBytes(At("whole.onnx")), File.ReadAllBytes(At("out.onnx")));
    }

    [Theory]
    [InlineData("w=2,a=8")]
    [InlineData("w=3,a=4")]
    [InlineData("w=4,a=float")]
    public void Weights_of_few_bits_are_written_as_levels_and_packed_to_the_same_network(string bits)
    {
        // given
        WriteImages();
        string[] Command(string name) =>
            [
                "finetune",
                Cli.Resnet,
                At(name),
                "--bits",
                bits,
                "--data",
                At("images.bin"),
                "--hold-out",
                "16",
                "--epochs",
                "1",
                "--batch",
                "16",
                "--lr",
                "0.001",
                "--threads",
                "1"
            ];

        // when
        var trained = Cli.Run(Command("levels.onnx"));
        var packed = Cli.Run([.. Command("packed.onnx"), "--pack"]);

        // then
        Assert.True(trained.ExitCode == 0, trained.Error);
        Assert.True(packed.ExitCode == 0, packed.Error);
        Assert.Matches(
            $"Bits: weights take {bits[2]} bits in [0-9]+ of [0-9]+ layers, which hold 9[0-9.]+ % of them;\\s+.* keep", trained.Output);
        Assert.Equal(0, Cli.Run("verify", At("levels.onnx"), At("packed.onnx"), "--max-drift", "1e-7").ExitCode);
        Assert.InRange((double)new FileInfo(At("packed.onnx")).Length / new FileInfo(Cli.Resnet).Length, 0.05, 0.25);

        var model = OnnxFile.Read(At("levels.onnx"));
        var isFloat = bits.EndsWith("float", StringComparison.Ordinal);
        Assert.Equal(isFloat, model.Graph.Nodes.All(n => n.OpType != "QuantizeLinear"));
        Assert.Equal(bits == "w=3,a=4", model.Graph.Nodes.Any(n => n.OpType == "Clip"));
        Tensor[] weights =
            [.. model.Graph.Nodes.Where(n => n.OpType == "Conv").Skip(1).Select(n => isFloat ? n.Required(1) : n.Required(1).Producer!
                .Required(0)).Select(w => w.Initializer!)];
        Assert.NotEmpty(weights);
        Assert.All(weights.SelectMany(w => Enumerable.Range(0, (int)w.Dims[0]).Select(m => w.Take(0, [m]))), channel =>
            Assert.InRange(channel.ToFloats().Distinct().Count(), 1, 1 << (bits[2] - '0')));
    }

    [Theory]
    [InlineData("--bits w=9: give the bits of weights", "finetune", "in", "out", "--data", "d", "--bits", "w=9")]
    [InlineData("--pack stores weights of few bits", "finetune", "in", "out", "--data", "d", "--pack")]
    [InlineData("--bits and --ema exclude each other", "finetune", "in", "out", "--data", "d", "--bits", "w=4", "--ema", "0.9")]
    [InlineData("say by --pruned FILE", "train", "in", "out", "--data", "d", "--bits", "w=4")]
    [InlineData("--data is missing", "train", "in", "out")]
    [InlineData("'speedup=0.5' is no target of time", "train", "in", "out", "--data", "d", "--target", "speedup=0.5")]
    [InlineData("--method nonsense: choose bpcp", "train", "in", "out", "--data", "d", "--method", "nonsense")]
    [InlineData("--distill 2: give a number from 0 to 1", "finetune", "in", "out", "--data", "d", "--distill", "2")]
    public void Wrong_usage_is_one_sentence(string message, params string[] arguments)
    {
        var outcome = Cli.Run(arguments);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
    }

    [Fact]
    public void A_target_of_MACs_that_cannot_be_counted_is_refused()
    {
        WriteImages();
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 32, 32), 8));
        g.Close(g.ConvInBranches(x));
        File.WriteAllBytes(At("in.onnx"), OnnxFile.ToBytes(g.Build()));

        var outcome = Cli.Run("train", At("in.onnx"), At("out.onnx"), "--target", "macs=50%", "--data", At("images.bin"), "--threads", "1");

        Assert.True(outcome.ExitCode == 3, outcome.Error);
        Assert.Contains("macs=50%", outcome.Error);
        Assert.Contains("(Conv)", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    private void WriteImages()
    {
        var bytes = new byte[80 * Record];
        new Random(1).NextBytes(bytes);
        for (var i = 0; i < 80; i++)
        {
            bytes[i * Record] = (byte)(i % 10);
        }

        File.WriteAllBytes(At("images.bin"), bytes);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
