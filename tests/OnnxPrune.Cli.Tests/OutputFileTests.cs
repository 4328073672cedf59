using System.Diagnostics;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Tests;

public sealed class OutputFileTests : TemporaryFolder
{
    private static readonly string[] Half = ["--target", "macs=50%", "--no-verify", "-q"];

    [Fact]
    public void The_output_may_be_the_input()
    {
        // given
        var model = Copy(Cli.Resnet, "m.onnx");

        // when
        var outcome = Cli.Run([model, model, "--target", "macs=50%"]);

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.True(new FileInfo(model).Length < new FileInfo(Cli.Resnet).Length);
        Assert.Equal(["m.onnx"], Names);
    }

    [Fact]
    public void A_link_keeps_pointing_to_the_output()
    {
        // given
        File.CreateSymbolicLink(At("link.onnx"), Copy(Cli.Resnet, "m.onnx"));

        // when
        var outcome = Cli.Run([Cli.Resnet, At("link.onnx"), .. Half]);

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.NotNull(new FileInfo(At("link.onnx")).LinkTarget);
        Assert.True(new FileInfo(At("m.onnx")).Length < new FileInfo(Cli.Resnet).Length);
    }

    [Fact]
    public void Two_runs_write_the_same_bytes()
    {
        // when
        Cli.Run([Cli.Resnet, At("a.onnx"), .. Half]);
        Cli.Run([Cli.Resnet, At("b.onnx"), .. Half]);

        // then
        Assert.Equal(File.ReadAllBytes(At("a.onnx")), File.ReadAllBytes(At("b.onnx")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_thread_and_two_write_the_same_bytes(bool isCalibrated)
    {
        // given
        WriteImages("images.bin", 24);
        string[] calib = isCalibrated ? ["--calib", At("images.bin"), "--normalize", "cifar10"] : [];

        // when
        var outcomes = new[] { "1", "2" }.Select(threads =>
            Cli.Run([Cli.Resnet, At(threads), "--threads", threads, "--plan-out", At($"{threads}.json"), .. calib, .. Half])).ToArray();

        // then
        Assert.All(outcomes, o => Assert.Equal(0, o.ExitCode));
        Assert.Equal(File.ReadAllText(At("1.json")), File.ReadAllText(At("2.json")));
        Assert.Equal(File.ReadAllBytes(At("1")), File.ReadAllBytes(At("2")));
    }

    [Theory]
    [InlineData("--target", "macs=50%")]
    [InlineData("--granularity", "blocks,channels")]
    public void A_plan_that_was_applied_fits_no_more_and_changes_nothing(params string[] options)
    {
        // given
        Cli.Run([Cli.Resnet, At("once.onnx"), "--plan-out", At("p.json"), .. Half, .. options]);

        // when
        var outcome = Cli.Run(At("once.onnx"), At("twice.onnx"), "--plan", At("p.json"), "--no-verify", "-q");

        // then
        Assert.Equal(2, outcome.ExitCode);
        Assert.Matches("The plan (was made for|removes block)", outcome.Error);
        Assert.Equal(["once.onnx", "p.json"], Names);
    }

    [Fact]
    public void A_plan_replays_to_the_same_bytes()
    {
        // given
        Cli.Run([Cli.Resnet, At("a.onnx"), "--plan-out", At("p.json"), "--granularity", "blocks,channels", .. Half]);

        // when
        var outcome = Cli.Run(Cli.Resnet, At("b.onnx"), "--plan", At("p.json"), "--no-verify", "-q");

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(File.ReadAllBytes(At("a.onnx")), File.ReadAllBytes(At("b.onnx")));
    }

    [Fact]
    public void A_dry_run_writes_nothing()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--dry-run", "--plan-out", At("p.json"));

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("MACs", outcome.Output);
        Assert.Empty(Names);
    }

    [NotRootFact]
    public void A_folder_without_permission_is_wrong_usage()
    {
        // given
        var folder = Directory.CreateDirectory(At("locked"));
        File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        // when
        var outcome = Cli.Run([Cli.Resnet, Path.Combine(folder.FullName, "out.onnx"), .. Half]);

        // then
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("cannot be written", outcome.Error);
    }

    [Fact]
    public void A_folder_that_takes_no_files_is_wrong_usage()
    {
        // when
        var outcome = Cli.Run([Cli.Resnet, "/proc/out.onnx", .. Half]);

        // then
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("'/proc/out.onnx' cannot be written", outcome.Error);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void An_interrupt_leaves_the_old_output_and_no_other_file(string signal, int code)
    {
        // given: the verification takes seconds, with the temporary file beside the output
        var model = Copy(Cli.Resnet, "m.onnx");
        using var process = Cli.Start([model, model, "--target", "macs=50%"]);
        WaitFor(() => Names.Count() > 1);

        // when
        Process.Start("kill", [$"-{signal}", process.Id.ToString()])!.WaitForExit();
        process.WaitForExit();

        // then
        Assert.Equal(code, process.ExitCode);
        Assert.Equal(["m.onnx"], Names);
        Assert.Equal(File.ReadAllBytes(Cli.Resnet), File.ReadAllBytes(model));
    }

    [Fact]
    public void A_kill_at_any_moment_leaves_the_old_file_or_the_new()
    {
        // given
        var (old, model) = (File.ReadAllBytes(Cli.Bottleneck), Copy(Cli.Bottleneck, "m.onnx"));
        Cli.Run([Cli.Bottleneck, At("new.onnx"), .. Half]);
        var pruned = File.ReadAllBytes(At("new.onnx"));
        var clock = Stopwatch.StartNew();
        Cli.Run([Cli.Bottleneck, At("other.onnx"), .. Half]);
        var (duration, found) = (clock.Elapsed, new HashSet<string>());

        for (var i = 0; i < 16; i++)
        {
            // when: the second half of the time, in which the file is written
            File.WriteAllBytes(model, old);
            using var process = Cli.Start([model, model, .. Half]);
            Thread.Sleep(duration * (0.5 + (0.6 * i / 16)));
            process.Kill();
            process.WaitForExit();

            // then
            var bytes = File.ReadAllBytes(model);
            Assert.True(
                bytes.AsSpan().SequenceEqual(old) || bytes.AsSpan().SequenceEqual(pruned),
                $"Kill {i} left a file of {bytes.Length} bytes.");
            found.Add(bytes.Length == old.Length ? "old" : "new");
        }

        Assert.Contains("old", found);
    }

    [Fact]
    public void A_full_disk_ends_with_1_and_leaves_the_old_file()
    {
        // given: bash limits the size of files that it and its children write, which fails a write as a full disk does. The runtime's
        // own double mapping of code lives in a file as well.
        var model = Copy(Cli.Resnet, "m.onnx");

        // when
        var outcome =
            Cli.Bash("export DOTNET_EnableWriteXorExecute=0; ulimit -f 200; trap '' XFSZ; exec \"$0\" \"$@\"", [model, model, .. Half]);

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("onnxprune: The output could not be written", outcome.Error);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal(["m.onnx"], Names);
        Assert.Equal(File.ReadAllBytes(Cli.Resnet), File.ReadAllBytes(model));
    }

    [Fact]
    public void A_small_file_system_that_fills_up_ends_with_1()
    {
        // given: a file system of 256 KB, where this user may mount one
        var mount = Directory.CreateDirectory(At("small")).FullName;
        if (Cli.Finish(Cli.StartProcess("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", mount])).ExitCode != 0)
        {
            return;
        }

        try
        {
            // when
            var outcome = Cli.Run([Cli.Resnet, Path.Combine(mount, "out.onnx"), .. Half]);

            // then
            Assert.Equal(1, outcome.ExitCode);
            Assert.StartsWith("onnxprune: The output could not be written", outcome.Error);
            Assert.Empty(Directory.GetFileSystemEntries(mount));
        }
        finally
        {
            Cli.Finish(Cli.StartProcess("umount", [mount]));
        }
    }

    [Fact]
    public void A_full_stdout_ends_with_1()
    {
        // when
        var outcome = Cli.Bash("exec \"$0\" \"$@\" > /dev/full", Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--no-verify");

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(Names);
    }

    [Theory]
    [InlineData("inspect \"$1\" >&-", "stdout is closed")]
    [InlineData("inspect \"$1\" --json >&-", "stdout is closed")]
    [InlineData("--help >&-", "stdout is closed")]
    [InlineData("\"$1\" \"$2\" --target macs=50% --no-verify >&-", "stdout is closed")]
    [InlineData("\"$1\" \"$2\" --target macs=50% --no-verify --report - >&-", "stdout is closed")]
    [InlineData("\"$1\" \"$2\" --target macs=50% --no-verify --report - --plan-out \"$2.json\" >/dev/full", "No space left")]
    public void A_stdout_that_takes_nothing_ends_with_1_and_one_sentence(string line, string reason)
    {
        // when
        var outcome = Cli.Bash($"exec \"$0\" {line}", Cli.Resnet, At("out.onnx"));

        // then: nothing was written, as the sentence says. With --report -, the table is on stderr, before it.
        var last = outcome.Error.TrimEnd('\n').Split('\n')[^1];
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("onnxprune: The output could not be written, and nothing was: ", last);
        Assert.Contains(reason, last);
        Assert.DoesNotContain("denied", outcome.Error);
        Assert.Empty(Names);
    }

    [Fact]
    public void A_report_that_stdout_does_not_take_is_called_lost_where_all_else_is_done()
    {
        // when
        var outcome = Cli.Bash("exec \"$0\" verify \"$1\" \"$1\" --threads 1 --report - >/dev/full", Cli.Resnet);

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("onnxprune: The report could not be written, all else is done: ", outcome.Error.TrimEnd('\n').Split('\n')[^1]);
    }

    [Theory]
    [InlineData("inspect \"$2\"", 2)]
    [InlineData("inspect \"$1\" -v", 0)]
    [InlineData("\"$1\" \"$2\" -v --target macs=50% --no-verify", 0)]
    [InlineData("\"$1\" \"$2\" --target macs=1% --no-verify", 3)]
    public void What_stderr_does_not_take_is_lost_and_the_exit_code_stays(string line, int exitCode)
    {
        foreach (var stderr in (string[])["2>&-", "2>/dev/full", "<&- 2>&-"])
        {
            // when
            var outcome = Cli.Bash($"exec \"$0\" {line} {stderr}", Cli.Resnet, At("out.onnx"));

            // then
            Assert.Equal(exitCode, outcome.ExitCode);
            Assert.Equal("", outcome.Error);
            Assert.Equal(exitCode == 0, outcome.Output.Length > 0);
            File.Delete(At("out.onnx"));
        }
    }

    [Fact]
    public void A_closed_pipe_is_no_crash()
    {
        // when
        var outcome = Cli.Bash("\"$0\" inspect \"$1\" | true; echo ${PIPESTATUS[0]}", Cli.Bottleneck);

        // then
        Assert.Equal("0\n", outcome.Output);
        Assert.Equal("", outcome.Error);
    }

    [Fact]
    public void Masks_that_the_model_carries_are_applied_exactly_and_taken_out()
    {
        // given
        var json =
            """{"schema_version": 1, "blocks": ["/layer1/layer1.1/Add"], "channels": """
            + """[{"layer": "/layer1/layer1.0/conv1/Conv", "axis": 1, "of": 16, "cut": [1, 3, 5]}], "absorb_means": true}""";
        File.WriteAllText(At("p.json"), json);
        var model = OnnxFile.Read(Cli.Resnet);
        model.Metadata["onnxprune.plan"] = json;
        using (var file = OnnxFile.Stage(model, At("masked.onnx")))
        {
            file.Commit();
        }

        // when
        var outcome = Cli.Run(At("masked.onnx"), At("a.onnx"), "--no-verify");
        Cli.Run(Cli.Resnet, At("b.onnx"), "--no-verify", "--plan", At("p.json"));

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Cut by the masks that the model carries: 1 block and 3 coupled channels", outcome.Output);
        Assert.Equal(File.ReadAllBytes(At("b.onnx")), File.ReadAllBytes(At("a.onnx")));
        Assert.DoesNotContain("onnxprune.plan", OnnxFile.Read(At("a.onnx")).Metadata.Keys);
    }

    /// <summary>Seeded noise as a CIFAR-10 batch.</summary>
    private void WriteImages(string name, int count)
    {
        const int Record = 1 + (3 * 32 * 32);
        var bytes = new byte[count * Record];
        new Random(1).NextBytes(bytes);
        for (var i = 0; i < count; i++)
        {
            bytes[i * Record] = (byte)(i % 10);
        }

        File.WriteAllBytes(At(name), bytes);
    }

    private static void WaitFor(Func<bool> condition)
    {
        for (var i = 0; i < 2000 && !condition(); i++)
        {
            Thread.Sleep(5);
        }
    }
}
