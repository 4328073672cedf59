using System.Numerics;
using System.Text.RegularExpressions;

namespace OnnxPrune.Cli.Tests;

public sealed partial class ExitCodeTests : TemporaryFolder
{
    public static TheoryData<string, string> WrongUsage => new()
    {
        { "", "<in.onnx> is missing" },
        { "{resnet}", "<out.onnx> is missing" },
        { "{resnet} {out} {out}", "Unrecognized command or argument" },
        { "{resnet} {out} --bogus", "--bogus" },
        { "{resnet} --bogus", "'--bogus' is no option" },
        { "{resnet} {out} --target macs", "'macs' is no target; write macs=50%" },
        { "{resnet} {out} --target macs=150%", "'macs=150%' is no target" },
        { "{resnet} {out} --target flops=50%", "'flops=50%' is no target" },
        { "{resnet} {out} --target 50%", "--target 50% does not say of what; write macs=50%" },
        { "{resnet} {out} --target macs=50", "would leave 50 MACs in all; write macs=50%" },
        { "{resnet} {out} --target params=30", "would leave 30 parameters in all; write params=30%" },
        { "{resnet} {out} --target latency=50", "without a unit; write latency=50ms, or latency=50%" },
        { "{resnet} {out} --target latency=150%", "'latency=150%' is no target of time; the original has 100%" },
        { "{resnet} {out} --target flops=40%", "two FLOPs each: write macs=40%" },
        { "{resnet} {out} --target size=500", "without a unit; write size=500KB" },
        { "{resnet} {out} --target mac=50%", "did you mean 'macs=50%'?" },
        { "{resnet} {out} --targt macs=50%", "'--targt' is no option; did you mean '--target'?" },
        { "{resnet} {out} --targt=macs=50%", "did you mean '--target'?" },
        { "{resnet} {out} --criterion l3", "There is no criterion 'l3'; did you mean 'l1'?" },
        { "{resnet} {out} --repair thorogh", "did you mean 'thorough'?" },
        { "{resnet} {out} --granularity block", "did you mean 'blocks'?" },
        { "{resnet} {out} --threads 4096", "--threads 4096: this machine has " },
        { "inspct {resnet}", "'inspct' is neither a file nor a command; did you mean 'inspect'?" },
        { "verfy {resnet} {resnet}", "did you mean 'verify'?" },
        { "inspect {resnet} --jsn", "did you mean '--json'?" },
        { "verify {resnet} {resnet} --max-drop 1", "--max-drop wants labelled data" },
        { "verify {resnet} {resnet} --min-speedup fast", "give a number above 0" },
        { "completion fish", "choose bash, zsh or pwsh" },
        { "@{folder}/none {out}", "does not exist" },
        { "[diagram] {out}", "'./[diagram]' does not exist" },
        { "[env:A=b] {out}", "does not exist" },
        { "inspect [diagram]", "'./[diagram]' does not exist" },
        { "{resnet} {out} --target latency", "'latency' is no target of time; write latency=50%" },
        { "{resnet} {out} --target speedup=0.5", "'speedup=0.5' is no target of time" },
        { "{resnet} {out} --plan p.json --target speedup=2", "cannot be combined with --target" },
        { "{resnet} {out} --criterion luck --target macs=50%", "There is no criterion 'luck'" },
        { "{resnet} {out} --granularity filters", "choose channels, blocks or blocks,channels" },
        { "{resnet} {out} --round 0", "give a whole number of at least 1" },
        { "{resnet} {out} --exclude (", "--exclude '(' is no regular expression" },
        { "{resnet} {out} --only [", "--only '[' is no regular expression" },
        { "{resnet} {out} --repair magic", "choose auto, distill, thorough, layers or none" },
        { "{resnet} {out} --max-drift -1", "give a number above 0" },
        { "{resnet} {out} --max-drop 1", "--max-drop wants labelled data" },
        { "{resnet} {out} --max-drop x --data d.bin", "give a number above 0" },
        { "{resnet} {out} --provider tpu", "choose auto, cpu or cuda" },
        { "{resnet} {out} --input-shape input", "give one shape per input" },
        { "{resnet} {out} --input-shape other=1,3,32,32 --target macs=50%", "has no input 'other'" },
        { "{resnet} {out} --report r.txt", "must end in .json, .md or .html" },
        { "{resnet} {out} --report {out}", "must end in .json, .md or .html" },
        { "{resnet} {out} --plan-out {out}", "are the same file" },
        { "{resnet} {out} --plan-out {resnet}", "would overwrite the model" },
        { "{resnet} {out} --plan p.json --target macs=50%", "cannot be combined with --target" },
        { "{resnet} {out} --plan {folder}/none.json", "does not exist" },
        { "{resnet} {out} --plan {resnet}", "is no pruning plan" },
        { "{resnet} {out} --data {folder}/none.npz --target macs=50%", "does not exist" },
        { "{resnet} {folder}", "is a folder" },
        { "{resnet} {folder}/none/out.onnx", "of the output does not exist" },
        { "{resnet} /dev/full", "is a device" },
        { "{resnet} /dev/stdout", "is a stream" },
        { "/dev/stdin {out}", "is a stream" },
        { "/dev/zero {out}", "is a device" },
        { "inspect /dev/zero", "is a device" },
        { "verify {resnet} /dev/zero", "is a device" },
        { "{resnet} {out} --plan /dev/zero", "is a device" },
        { "{resnet} {out} --calib /dev/zero --target macs=50%", "is a device" },
        { "finetune {resnet} {out} --data /dev/zero", "is a device" },
        { "{folder} {out}", "is a folder" },
        { "{folder}/none.onnx {out}", "does not exist" },
        { "inspect {folder}/none.onnx", "does not exist" },
        { "verify {resnet}", "<b.onnx> is missing" },
    };

    [Theory]
    [MemberData(nameof(WrongUsage))]
    public void Wrong_usage_ends_with_2_and_one_sentence(string line, string message)
    {
        // given
        var arguments = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(a => a.Replace("{resnet}", Cli.Resnet).Replace("{out}", At("out.onnx")).Replace("{folder}", Folder));

        // when
        var outcome = Cli.Run([.. arguments]);

        // then
        Assert.Contains(message, outcome.Error);
        Assert.Equal(2, outcome.ExitCode);
        AssertOneSentence(outcome);
        Assert.Empty(Names);
    }

    [Fact]
    public void A_target_out_of_reach_ends_with_3_and_the_reachable_range()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=1%");

        // then
        Assert.Equal(3, outcome.ExitCode);
        Assert.Matches(Range(), outcome.Error);
        AssertOneSentence(outcome);
        Assert.Empty(Names);
    }

    [Fact]
    public void A_speedup_out_of_reach_ends_with_3_and_the_measured_range()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "speedup=1000", "--threads", "1");

        // then
        Assert.Equal(3, outcome.ExitCode);
        Assert.Matches(MeasuredRange(), outcome.Error);
        AssertOneSentence(outcome);
        Assert.Empty(Names);
    }

    [Fact]
    public void A_speedup_of_a_model_that_cannot_be_cut_ends_with_3_and_the_reasons()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "speedup=2", "--only", "no such layer");

        // then
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("note: nothing of the model can be cut: --only and --exclude leave nothing to cut.", outcome.Error);
        Assert.Contains("Target speedup=2 is out of reach: nothing more can be cut", outcome.Error);
    }

    [Fact]
    public void A_target_for_a_model_that_cannot_be_cut_ends_with_3_and_the_reasons()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--only", "no such layer");

        // then
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("note: nothing of the model can be cut: --only and --exclude leave nothing to cut.", outcome.Error);
        Assert.Contains("note: 10 channels of /linear/Gemm: reaches the graph's output 'logits'", outcome.Error);
    }

    [Theory]
    [InlineData(0, "the file is empty (0 bytes)")]
    [InlineData(5000, "truncated")]
    public void A_broken_file_ends_with_4(int length, string message)
    {
        // given
        File.WriteAllBytes(At("broken.onnx"), File.ReadAllBytes(Cli.Resnet)[..length]);

        // when
        var outcomes = new[] { Cli.Run(
            At("broken.onnx"), At("out.onnx")), Cli.Run("inspect", At("broken.onnx")), Cli.Run("verify", Cli.Resnet, At("broken.onnx")) };

        // then
        Assert.All(outcomes, o =>
        {
            Assert.Equal(4, o.ExitCode);
            Assert.Contains(message, o.Error);
            AssertOneSentence(o);
        });
        Assert.Equal(["broken.onnx"], Names);
    }

    [Fact]
    public void A_text_file_is_no_model()
    {
        // when
        var outcome = Cli.Run(Path.Combine(Cli.Root, "LICENSE"), At("out.onnx"));

        // then
        Assert.Equal(4, outcome.ExitCode);
        AssertOneSentence(outcome);
    }

    [Fact]
    public void A_drift_beyond_the_limit_ends_with_1_and_nothing_written()
    {
        // when
        var outcome = Cli.Run(
            Cli.Resnet,
            At("out.onnx"),
            "--target",
            "macs=50%",
            "--max-drift",
            "0.01",
            "--report",
            At("r.json"),
            "--plan-out",
            At("p.json"));

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("exceeds --max-drift 0.01; nothing was written", outcome.Error);
        Assert.Equal(["r.json"], Names);
    }

    [Fact]
    public void Help_and_version_end_with_0()
    {
        Assert.Equal(0, Cli.Run("--help").ExitCode);
        Assert.Equal(0, Cli.Run("inspect", "-h").ExitCode);
        Assert.Equal(0, Cli.Run("--version").ExitCode);
    }

    [Fact]
    public void The_program_computes_with_vectors_as_wide_as_this_machine_has()
    {
        Assert.Contains($"vectors of {Vector<byte>.Count * 8} bits", Cli.Run("--version", "-v").Output, StringComparison.Ordinal);
    }

    private static void AssertOneSentence(Outcome outcome)
    {
        var said = outcome.Error.TrimEnd('\n').Split('\n').Where(line => !line.StartsWith("tried: ", StringComparison.Ordinal));
        Assert.StartsWith("onnxprune: ", Assert.Single(said));
        Assert.DoesNotContain("   at ", outcome.Error);
        Assert.Equal("", outcome.Output);
    }

    [GeneratedRegex(@"macs can go from 40551040 down to \d+, which is \d+\.\d% of the original")]
    private static partial Regex Range();

    [GeneratedRegex(
        @"Target speedup=1000 is out of reach: latency can go from \d+\.\d+ ms down to \d+\.\d+ ms, "
            + @"which is \d+\.\d % of the original or \d+\.\d\d times as fast \(ONNX Runtime .*, 1 thread, batch 1\)")]
    private static partial Regex MeasuredRange();
}
