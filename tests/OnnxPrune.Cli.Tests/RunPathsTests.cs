using System.Diagnostics;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary>
/// A run's inputs stay as they are, whatever its outputs are called; and changes by others to its files while it runs are no crash.
/// </summary>
public sealed class RunPathsTests : TemporaryFolder
{
    private static readonly string[] Half = ["--target", "macs=50%", "--no-verify", "-q"];

    [Theory]
    [InlineData("{in} {out} --plan-out {data}", "would overwrite external data of the model")]
    [InlineData("{in} {out} --plan-out {folder}/soft", "would overwrite external data of the model")]
    [InlineData("{in} {out} --plan-out {folder}/hard", "would overwrite external data of the model")]
    [InlineData("{in} {data}", "would overwrite external data of the model")]
    [InlineData("{in} {out} --plan-out {folder}/self", "would overwrite the model")]
    [InlineData("{in} {out} --plan-out {images} --calib {images}", "would overwrite the calibration data")]
    [InlineData("{in} {images} --data {images}", "would overwrite the labelled data")]
    [InlineData("{in} {images} --calib {folder}/images", "would overwrite the calibration data")]
    [InlineData("{in} {images} --calib {folder}/images/*.bin", "would overwrite the calibration data")]
    [InlineData("{in} {plan} --plan {plan}", "would overwrite the plan")]
    [InlineData("{in} {out} --plan-out {folder}/a --report {folder}/images/../a", "must end in .json, .md or .html")]
    [InlineData("{in} {out} --plan-out {folder}/a.json --report {folder}/images/../a.json", "are the same file")]
    [InlineData("{in} {out} --plan-out {folder}/pipe", "is a pipe")]
    [InlineData("{in} {out} --plan-out {folder}/null", "is a device")]
    [InlineData("{in} {folder}/null", "is a device")]
    [InlineData("{in} {out} --plan {folder}/pipe", "is a pipe")]
    [InlineData("{in} {out} --calib {folder}/pipe", "is a pipe")]
    [InlineData("{folder}/pipe {out}", "is a pipe")]
    [InlineData("inspect {folder}/pipe", "is a pipe")]
    [InlineData("verify {in} {in} --report {data}", "would overwrite external data of the model")]
    [InlineData("verify {in} {in} --report {folder}/self", "would overwrite the model")]
    [InlineData("finetune {in} {out} --data {images} --log {images}", "would overwrite the training data")]
    [InlineData("finetune {in} {out} --data {images} --checkpoint {in}", "would overwrite the model")]
    [InlineData("finetune {in} {out} --data {images} --log {data}", "would overwrite external data of the model")]
    [InlineData("finetune {in} {folder}/teacher.onnx --data {images} --teacher {folder}/teacher.onnx", "would overwrite the teacher")]
    [InlineData("train {in} {out} --data {images} --pruned {in}", "would overwrite the model")]
    [InlineData("train {in} {out} --data {images} --pruned {folder}/soft", "would overwrite external data of the model")]
    public void An_output_that_is_read_or_no_file_ends_with_2(string line, string message)
    {
        // given
        Prepare();
        var before = Contents();
        var arguments = line
            .Split(' ')
            .Select(a => a.Replace("{in}", At("in.onnx")).Replace("{data}", At("in.onnx.data")).Replace("{out}", At("out.onnx"))
            .Replace("{images}", At("images/a.bin")).Replace("{plan}", At("p.json")).Replace("{folder}", Folder));

        // when
        var outcome = Cli.Run([.. arguments]);

        // then
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal(before, Contents());
    }

    [Theory]
    [InlineData("in.onnx")]
    [InlineData("self")]
    public void The_output_may_be_the_input_with_external_data(string output)
    {
        // given
        Prepare();

        // when
        var outcome = Cli.Run([At("in.onnx"), At(output), "--target", "macs=50%", "-q"]);

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(0, Cli.Run("inspect", At(output), "-q").ExitCode);
        Assert.True(File.Exists(At("in.onnx.data")), "Another model may use the old data.");
    }

    [Fact]
    public void A_run_that_fails_its_gate_leaves_what_another_wrote()
    {
        // given: the same bytes, by a run that is done while the other still verifies
        Prepare();
        using var fails = Cli.Start([At("in.onnx"), At("out.onnx"), "--target", "macs=50%", "--max-drift", "0.0001", "-q"]);
        var done = Cli.Run([At("in.onnx"), At("out.onnx"), .. Half]);

        // when
        var failed = Cli.Finish(fails);

        // then
        Assert.Equal((1, 0), (failed.ExitCode, done.ExitCode));
        Assert.All(OnnxFile.Read(At("out.onnx")).Graph.Initializers, i =>
            Assert.Equal(i.Initializer!.Count * i.ElementType.SizeInBytes(), i.Initializer.Data.Length));
        Assert.DoesNotContain(Names, n => n.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(1200)]
    [InlineData(2500)]
    public void External_data_that_are_cut_short_while_a_run_goes_on_end_no_process(int milliseconds)
    {
        // given
        Prepare();
        using var process = Cli.Start([At("in.onnx"), At("out.onnx"), "--target", "macs=50%", "-q"]);

        // when
        Thread.Sleep(milliseconds);
        using (var data = File.OpenWrite(At("in.onnx.data")))
        {
            data.SetLength(100);
        }

        var outcome = Cli.Finish(process);

        // then: it had been read before, or is refused in a sentence
        Assert.Contains(outcome.ExitCode, new[] { 0, 1, 4 });
        Assert.Equal(outcome.ExitCode == 0 ? 0 : 1, outcome.Error.Count(c => c == '\n'));
        Assert.DoesNotContain("should not happen", outcome.Error);
    }

    [Theory]
    [InlineData(200, 0)]
    [InlineData(230, 0)]
    [InlineData(255, 0)]
    [InlineData(256, 2)]
    public void Names_may_be_as_long_as_the_file_system_allows(int length, int code)
    {
        // given
        Prepare();
        var name = new string('x', length - 5) + ".onnx";

        // when
        var outcome = Cli.Run([At("in.onnx"), At(name), .. Half]);

        // then
        Assert.Equal(code, outcome.ExitCode);
        Assert.Equal(code == 0, File.Exists(At(name)));
        Assert.Equal(0, code == 0 ? Cli.Run("inspect", At(name), "-q").ExitCode : 0);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(48)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(255)]
    public void Few_open_files_end_with_1_and_a_sentence(int limit)
    {
        // when
        var outcome = Cli.Bash($"ulimit -n {limit}; exec \"$0\" \"$@\"", [Cli.Resnet, At("out.onnx"), .. Half]);

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(
            $"onnxprune: At most {limit} files may be open at once here, where 256 are needed; raise the limit (ulimit -n 256). Nothing "
                + "was written.\n",
            outcome.Error);
        Assert.Empty(Names);
    }

    [Fact]
    public void As_many_open_files_as_are_asked_for_are_enough()
    {
        // given: calibrated and verified, with external data
        Prepare();

        // when
        var outcome =
            Cli.Bash(
                "ulimit -n 256; exec \"$0\" \"$@\"",
                At("in.onnx"),
                At("out.onnx"),
                "--target",
                "macs=60%",
                "--calib",
                At("images/a.bin"),
                "-q");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    /// <summary>A model with external data, a plan, images, links to them, a pipe and a link to a device.</summary>
    private void Prepare()
    {
        SplitModel.Write(File.ReadAllBytes(Cli.Resnet), At("in.onnx"), "in.onnx.data");
        Copy(Cli.Resnet, "teacher.onnx");
        File.WriteAllText(
            At("p.json"),
            """{"schema_version": 1, "channels": [{"layer": "/layer1/layer1.0/conv1/Conv", "axis": 1, "of": 16, "cut": [1, 3, 5]}]}""");
        Directory.CreateDirectory(At("images"));
        var images = new byte[40 * 3073];
        new Random(1).NextBytes(images);
        for (var i = 0; i < images.Length; i += 3073)
        {
            images[i] = (byte)(i % 10);
        }

        File.WriteAllBytes(At("images/a.bin"), images);
        File.CreateSymbolicLink(At("soft"), "in.onnx.data");
        File.CreateSymbolicLink(At("self"), "in.onnx");
        File.CreateSymbolicLink(At("null"), "/dev/null");
        Process.Start("ln", [At("in.onnx.data"), At("hard")])!.WaitForExit();
        Process.Start("mkfifo", [At("pipe")])!.WaitForExit();
    }

    private string[] Contents() =>
        [.. Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("pipe", StringComparison.Ordinal)).Order()
            .Select(f => $"{f}: {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}")];
}
