using System.CommandLine;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Sweeping;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Processes;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune sweep in.onnx folder</c>: networks for several targets, side by side.</summary>
internal static class SweepCommand
{
    private const string Usage = "  onnxprune sweep <in.onnx> [<more.onnx>...] <folder> --target LIST [options]";

    private const string After = """

        Each point is written when it is finished, with a record beside it, and the same
        command goes on where a run was stopped: what was done of the same inputs and
        options stays. A point out of reach is listed with its reason. All points are in
        sweep.json, sweep.md and sweep.html, and the best by --pick in picked.onnx.

        Example:
          onnxprune sweep in.onnx out --target macs=80%,65%,50%,35% --int8 both
            --calib images --data labelled --pick 'drop<=1'

        """ + CommandLine.ExitCodes;

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the model to prune; more may follow");
        var folder = new Argument<string[]>("folder")
        {
            Description = "where models and tables go; is made if it is not there",
            Arity = ArgumentArity.OneOrMore,
        };
        var target = new Option<string[]>("--target")
        {
            HelpName = "LIST",
            Description = "one point for each of these, as in macs=80%,65%,50% or latency=5ms,3ms; repeatable",
        };
        target.CompletionSources.Add(TargetList.Beginnings);
        var int8 = CommonOptions.Named(
            "--int8", "WHICH", "8-bit integers: off (the default), on, or both (a point with and one without)", "off", "on", "both");
        var pick = CommonOptions.Text(
            "--pick",
            "RULE",
            "copy the best point: 'drop<=1' the fastest that loses no more, 'latency<=3ms' the one that loses least; of drop, drift, "
                + "score, top1, latency, speedup, macs, params and size, several by commas");
        var engine =
            CommonOptions.Named(
                "--engine",
                "NAME",
                "shared (the default: here, measured once for all points), local (a process a point), slurm (a job array) or kubernetes "
                    + "(an Indexed Job, only written: --dry-run)",
                "shared",
                "local",
                "slurm",
                "kubernetes");
        var jobs = CommonOptions.Text("--jobs", "N", "how many points an engine works on at once; default: local 1, others all");
        var retries = CommonOptions.Text("--retries", "N", "how often a point is tried again whose process ended without a result (1)");
        var engineArguments =
            CommonOptions.Text("--engine-args", "ARGS", "what sbatch is given besides, such as '--partition=gpu --time=60'");
        var image = CommonOptions.Text("--image", "NAME", "kubernetes: a container image that has onnxprune");
        var claim = CommonOptions.Text("--claim", "NAME", "kubernetes: the volume claim with models and data, which takes the results");
        var mount = CommonOptions.Text(
            "--mount",
            "FOLDER",
            "kubernetes: where the claim is mounted and the command runs, so that its paths are relative to it (/work)");
        var dryRun = new Option<bool>("--dry-run") { Description = "kubernetes: write the job and submit nothing" };
        var point = CommonOptions.Text("--point", "N", "work on this point only, from 0 on, and make no tables: an element of a job array");
        var cuts = new CutArguments();
        var measure = new MeasureArguments(
            "unlabelled inputs of the network, some hundred: they choose what goes and repair what stays; the drift is measured on them, "
                + "too",
            ", several by commas for points of each");
        var command = new Command(
            "sweep",
            "Prunes for several targets at once, and shows what each costs and gains. What the points have in common is measured once.");
        command.Arguments.Add(input);
        command.Arguments.Add(folder);
        CommandLine.Complete(
            command,
            Usage,
            [
                new OptionGroup("Points", target, int8, pick),
                measure.Data,
                new OptionGroup("What goes, and what is done for what stays", cuts.All),
                measure.Runs,
                new OptionGroup("Past this process", engine, jobs, retries, engineArguments, image, claim, mount, dryRun, point),
            ],
            After);
        command.SetAction(parsed =>
        {
            string[] paths = [parsed.GetRequiredValue(input), .. parsed.GetRequiredValue(folder)];
            var measures = measure.ReadAll(parsed);
            var options = new SweepOptions
            {
                Models = paths[..^1],
                Folder = paths[^1],
                Targets = Targets(parsed.GetValue(target) ?? []),
                Int8 = Enum.Parse<Int8Mode>(
                    CommonOptions.Choice("--int8", parsed.GetValue(int8) ?? "off", "off", "on", "both"), ignoreCase: true),
                Measures = measures,
                Request = text => cuts.Apply(parsed, Request(text), measures[0].Calib is not null),
                Pick = parsed.GetValue(pick) is { } rule ? PickRule.Parse(rule) : null,
                Point = CommonOptions.Whole("--point", parsed.GetValue(point), 0),
                Engine = new SweepEngine(
                    Enum.Parse<EngineKind>(
                        CommonOptions.Choice("--engine", parsed.GetValue(engine) ?? "shared", "shared", "local", "slurm", "kubernetes"),
                        ignoreCase: true),
                    CommonOptions.Whole("--jobs", parsed.GetValue(jobs), 1),
                    CommonOptions.Whole("--retries", parsed.GetValue(retries), 0) ?? 1,
                    CommandWords.Split(parsed.GetValue(engineArguments) ?? "")
                        ?? throw new UsageException("--engine-args: a quotation mark is left open."),
                    parsed.GetValue(image),
                    parsed.GetValue(claim),
                    parsed.GetValue(mount) ?? "/work",
                    parsed.GetValue(dryRun)),
            };
            Check(options.Engine);
            foreach (var text in options.Targets)
            {
                cuts.Apply(parsed, Request(text) with { Int8 = options.Int8 != Int8Mode.Off }, measures[0].Calib is not null);
            }

            return new SweepRun(options, parsed.Terminal()).Execute();
        });
        return command;
    }

    /// <summary>Every target by itself: "macs=80%,65%" is two.</summary>
    private static string[] Targets(string[] lists)
    {
        var targets = lists.SelectMany(Split).ToArray();
        TargetList.Parse(targets);
        return targets.Length > 0
            ? targets
            : throw new UsageException("--target is missing: give a list, such as --target macs=80%,65%,50%.");
    }

    private static IEnumerable<string> Split(string list)
    {
        var word = "";
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=');
            word = at >= 0 ? part[..(at + 1)] : word;
            yield return at >= 0 ? part : word + part;
        }
    }

    private static PruningOptions Request(string target) => new() { Targets = TargetList.Parse(target) };

    private static void Check(SweepEngine engine)
    {
        if (engine.Kind != EngineKind.Kubernetes)
        {
            return;
        }

        if (!engine.DryRun)
        {
            throw new UsageException("--engine kubernetes submits nothing: give --dry-run, which writes the job, and 'kubectl apply' it.");
        }

        if (engine.Image is null || engine.Claim is null)
        {
            var missing = engine.Image is null
                ? "--image, a container that has onnxprune"
                : "--claim, the volume claim that holds models and data";
            throw new UsageException($"--engine kubernetes wants {missing}.");
        }
    }
}
