using System.Text.Json;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Tests;

/// <summary>
/// Several targets at once: what is shared changes nothing, what is done is kept, and what fails takes nothing else along.
/// </summary>
public sealed class SweepTests : TemporaryFolder
{
    private static readonly string[] s_calibrated = [
        "--calib",
        Model("shapes_calibration.npz"),
        "--calib-limit",
        "64",
        "--data",
        Model("shapes_test.npz"),
        "--data-limit",
        "200",
        "--threads",
        "1"
    ];

    private static string Shapes => Model("resnet20_shapes.onnx");

    [Fact]
    public void Points_are_the_networks_of_single_runs()
    {
        // given
        string[] targets = ["macs=80%", "params=60%"];
        foreach (var (i, target) in targets.Index())
        {
            var single = Cli.Run([Shapes, At($"single{i}.onnx"), "--target", target, .. s_calibrated, "-q"]);
            Assert.True(single.ExitCode == 0, single.Error);
        }

        // when
        var outcome = Cli.Run(["sweep", Shapes, At("out"), "--target", "macs=80%", "--target", "params=60%", .. s_calibrated, "-v"]);

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(File.ReadAllBytes(At("single0.onnx")), File.ReadAllBytes(At("out/resnet20_shapes-macs80pct.onnx")));
        Assert.Equal(File.ReadAllBytes(At("single1.onnx")), File.ReadAllBytes(At("out/resnet20_shapes-params60pct.onnx")));
        Assert.Equal(["done", "done"], Points().Select(p => p.GetProperty("status").GetString()));

        // What each cut does is measured for the first point, and shared. Timed steps are said at any speed; lines of progress are not.
        var (first, second) = outcome.Error.Split("1/2 resnet20_shapes-macs80pct: done") is [var x, var y] ? (x, y) : ("", "");
        Assert.Contains(" ms  measuring what each cut does", first);
        Assert.Contains("2/2 resnet20_shapes-params60pct: done", second);
        Assert.DoesNotContain(" ms  measuring what each cut does", second);
    }

    [Fact]
    public void A_point_out_of_reach_is_listed_and_the_others_go_on()
    {
        var outcome = Cli.Run("sweep", Cli.Resnet, At("out"), "--target", "macs=90%,1%,70%");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal([("done", 0), ("refused", 3), ("done", 0)], Points().Select(p =>
            (p.GetProperty("status").GetString(), p.GetProperty("exit_code").GetInt32())));
        Assert.Contains("macs=1%: Target macs=1% is out of reach", outcome.Output);
        Assert.False(File.Exists(At("out/resnet20_cifar_A-macs1pct.onnx")));
        Assert.Contains("| macs=1% |", File.ReadAllText(At("out/sweep.md")));
        var page = File.ReadAllText(At("out/sweep.html"));
        Assert.Equal(4, page.Split("<circle").Length - 1);
        Assert.Contains("over the MACs that are left", page);
        Assert.Contains("2 of 3 points are done", page);
        Assert.Contains("Target macs=1% is out of reach", page);
    }

    [Fact]
    public void Without_a_point_in_reach_the_target_is()
    {
        var outcome = Cli.Run("sweep", Cli.Resnet, At("out"), "--target", "macs=1%");

        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("No point is in reach. Target macs=1% is out of reach", outcome.Error);
    }

    [Fact]
    public void A_killed_sweep_goes_on_where_it_was()
    {
        // given
        string[] command = ["sweep", Cli.Resnet, At("out"), "--target", "macs=90%,80%,70%"];
        using (var run = Cli.Start(command))
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(At("out/resnet20_cifar_A-macs90pct.json")), TimeSpan.FromSeconds(120)));
            run.Kill();
            run.WaitForExit();
        }

        var first = File.GetLastWriteTimeUtc(At("out/resnet20_cifar_A-macs90pct.json"));

        // when
        var outcome = Cli.Run(command);

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Matches("note: [12] of 3 points were done before, and are kept.", outcome.Error);
        Assert.Equal(first, File.GetLastWriteTimeUtc(At("out/resnet20_cifar_A-macs90pct.json")));
        Assert.Equal(3, Points().Count(p => p.GetProperty("status").GetString() == "done"));
    }

    [Fact]
    public void What_was_done_of_something_else_is_done_again()
    {
        // given
        var model = Copy(Cli.Resnet, "m.onnx");
        Cli.Run("sweep", model, At("out"), "--target", "macs=80%", "-q");
        var times = new List<DateTime> { Time() };

        // when: nothing changes; an option does, and another; the model's own content does; a result is damaged
        Again();
        Again("--round", "4");
        Again("--round", "4", "--for", "xnnpack");
        File.Copy(Path.Combine(Cli.Root, "models", "resnet20_cifar_B.onnx"), model, overwrite: true);
        Again("--round", "4");
        File.AppendAllText(At("out/m-macs80pct.onnx"), "x");
        Again("--round", "4");

        // then
        Assert.Equal([true, false, false, false, false], times.Zip(times.Skip(1)).Select(t => t.First == t.Second));

        void Again(params string[] more)
        {
            var outcome = Cli.Run(["sweep", model, At("out"), "--target", "macs=80%", "-q", .. more]);
            Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
            times.Add(Time());
        }

        DateTime Time() => File.GetLastWriteTimeUtc(At("out/m-macs80pct.json"));
    }

    [Fact]
    public void Integers_for_another_runtime_have_its_multiple_beside_floats_that_have_another()
    {
        var outcome = Cli.Run(
            "sweep", Shapes, At("out"), "--target", "macs=80%", "--int8", "both", "--for", "tensorrt", "--repair", "none", "--calib",
            Model("shapes_calibration.npz"), "--calib-limit", "32", "--threads", "1");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        int[] whole = [16, 32, 64];
        Assert.All(Widths("out/resnet20_shapes-macs80pct-int8.onnx"), w => Assert.True(w % 32 == 0 || whole.Contains(w), $"{w}"));
        Assert.Contains(Widths("out/resnet20_shapes-macs80pct.onnx"), w => w % 32 != 0 && !whole.Contains(w));

        // Weights of four axes are those of convolutions, in integers or not.
        int[] Widths(string file) =>
            [.. OnnxFile.Read(At(file)).Graph.Initializers.Select(i => i.Initializer!.Dims).Where(d => d.Count == 4)
                .Select(d => (int)d[0])];
    }

    [Fact]
    public void The_best_point_by_a_rule_is_copied_and_the_front_is_marked()
    {
        var outcome =
            Cli.Run(["sweep", Shapes, At("out"), "--target", "macs=90%,60%", "--int8", "both", "--pick", "drop<=100", .. s_calibrated]);

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var entries = Document().GetProperty("points").EnumerateArray().ToArray();
        Assert.Equal(["macs=90%", "macs=90% int8", "macs=60%", "macs=60% int8"], entries.Select(e => e.GetProperty("label").GetString()));
        var done = entries.Where(e => e.GetProperty("record").GetProperty("status").GetString() == "done").ToArray();
        var fastest = done.MinBy(e => e.GetProperty("milliseconds").GetDouble());
        Assert.True(fastest.GetProperty("is_pareto").GetBoolean());
        var name = fastest.GetProperty("record").GetProperty("name").GetString();
        Assert.Equal(name, Document().GetProperty("picked").GetString());
        Assert.Equal(File.ReadAllBytes(At($"out/{name}.onnx")), File.ReadAllBytes(At("out/picked.onnx")));
        Assert.All(done, e => Assert.Equal(!done.Any(o => Dominates(o, e)), e.GetProperty("is_pareto").GetBoolean()));
        Assert.All(entries.Except(done), e =>
            Assert.StartsWith("It stays float: ", e.GetProperty("record").GetProperty("message").GetString()));
    }

    [Fact]
    public void Where_no_point_keeps_the_rule_none_is_picked()
    {
        var outcome = Cli.Run("sweep", Cli.Resnet, At("out"), "--target", "macs=80%", "--pick", "macs<=10%");

        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("No point keeps --pick macs<=10%", outcome.Error);
        Assert.True(File.Exists(At("out/resnet20_cifar_A-macs80pct.onnx")));
        Assert.False(File.Exists(At("out/picked.onnx")));
    }

    [Theory]
    [InlineData("--pick=drop<1", "is no limit; write it as drop<=1")]
    [InlineData("--pick=dorp<=1", "'dorp' is not measured; did you mean 'drop'?")]
    [InlineData("--pick=latency<=3", "'3' is no limit of latency; write it as latency<=3ms")]
    [InlineData("--pick=macs<=0.5", "write it as macs<=50%")]
    [InlineData("--pick=top1>=90%", "'top1' is not measured; give labelled --data.")]
    [InlineData("--pick=macs<=50%,drop<=1", "'drop' is not measured; give labelled --data or --metric-cmd.")]
    [InlineData("--pick=score>=0.5", "'score' is not measured; give --metric-cmd.")]
    [InlineData("--int8=yes", "--int8 yes: choose off, on or both.")]
    [InlineData("--int8=both", "--int8 takes the ranges of the integers")]
    [InlineData("--for=coreml --int8=on", "--for coreml has no integers for --int8.")]
    [InlineData("--engine=kubernetes", "--engine kubernetes submits nothing")]
    [InlineData("--point=7", "--point 7: there are 2 points, from 0 on.")]
    [InlineData("--target=macs=80%", "would be written to 'resnet20_cifar_A-macs80pct.onnx'")]
    [InlineData("--target=mac=80%", "did you mean 'macs=80%'?")]
    public void Wrong_usage_is_said_before_any_work(string option, string reason)
    {
        var outcome = Cli.Run(["sweep", Cli.Resnet, At("out"), "--target", "macs=80%,70%", .. option.Split(' ')]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Processes_make_the_same_points_and_one_that_is_killed_is_tried_again()
    {
        // given
        Cli.Run("sweep", Cli.Resnet, At("here"), "--target", "macs=90%,80%", "-q");
        var killed = false;

        // when
        using var run = Cli.Start(["sweep", Cli.Resnet, At("out"), "--target", "macs=90%,80%", "--engine", "local"]);
        var watching = Task.Run(() => SpinWait.SpinUntil(() => killed = killed || KillPoint(1), TimeSpan.FromSeconds(120)));
        var outcome = Cli.Finish(run);

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.True(killed);
        Assert.Contains("resnet20_cifar_A-macs80pct ended without a result, and is tried again.", outcome.Error);
        Assert.All(["resnet20_cifar_A-macs90pct.onnx", "resnet20_cifar_A-macs80pct.onnx"], name =>
            Assert.Equal(File.ReadAllBytes(At($"here/{name}")), File.ReadAllBytes(At($"out/{name}"))));
        await watching;
    }

    [Fact]
    public void Several_models_and_seeds_have_points_of_their_own()
    {
        var other = Copy(Cli.Resnet, "other.onnx");

        var outcome = Cli.Run("sweep", Cli.Resnet, other, At("out"), "--target", "macs=80%", "--seed", "0,1");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(
            ["resnet20_cifar_A-macs80pct-seed0", "resnet20_cifar_A-macs80pct-seed1", "other-macs80pct-seed0", "other-macs80pct-seed1"],
            Points().Select(p => p.GetProperty("name").GetString()));
    }

    [Fact]
    public void The_same_plan_is_an_indexed_job_of_kubernetes()
    {
        var outcome = Cli.Run(
            "sweep", Cli.Resnet, At("out"), "--target", "macs=90%,80%,70%", "--exclude", "$(x)", "--engine", "kubernetes", "--dry-run",
            "--image", "registry/onnxprune:1", "--claim", "models", "--jobs", "2");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("nothing was submitted or run", outcome.Error);
        var job = k8s.KubernetesYaml.Deserialize<k8s.Models.V1Job>(File.ReadAllText(At("out/sweep-job.json")), strict: true);
        Assert.Equal(
            ("batch/v1", "Job", "Indexed", 3, 2, 1),
            (job.ApiVersion, job.Kind, job.Spec.CompletionMode, job.Spec.Completions, job.Spec.Parallelism, job.Spec.BackoffLimitPerIndex));
        var container = Assert.Single(job.Spec.Template.Spec.Containers);
        Assert.Equal(["onnxprune", "sweep", "--point=$(JOB_COMPLETION_INDEX)", Cli.Resnet], container.Command.Take(4));
        Assert.Contains("$$(x)", container.Command);
        Assert.Equal("models", Assert.Single(job.Spec.Template.Spec.Volumes).PersistentVolumeClaim.ClaimName);
    }

    private static bool Dominates(JsonElement a, JsonElement b)
    {
        var ((timeA, lossA), (timeB, lossB)) = (Figures(a), Figures(b));
        return timeA <= timeB && lossA <= lossB && (timeA < timeB || lossA < lossB);
    }

    private static (double Time, double Loss) Figures(JsonElement entry)
    {
        var accuracy = entry.GetProperty("record").GetProperty("verification").GetProperty("accuracy");
        return (entry.GetProperty("milliseconds").GetDouble(), 100 * (
            accuracy.GetProperty("original_top1").GetDouble() - accuracy.GetProperty("pruned_top1").GetDouble()));
    }

    private bool KillPoint(int index)
    {
        foreach (var process in System.Diagnostics.Process.GetProcesses())
        {
            using (process)
            {
                if (IsPoint(process.Id, index))
                {
                    process.Kill();
                    return true;
                }
            }
        }

        return false;
    }

    private bool IsPoint(int process, int index)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{process}/cmdline");
            return line.Contains($"--point={index}\0", StringComparison.Ordinal) && line.Contains(Folder, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private JsonElement Document() => JsonDocument.Parse(File.ReadAllText(At("out/sweep.json"))).RootElement;

    private IEnumerable<JsonElement> Points() => Document().GetProperty("points").EnumerateArray().Select(p => p.GetProperty("record"));

    private static string Model(string name) => Path.Combine(Cli.Root, "models", name);
}
