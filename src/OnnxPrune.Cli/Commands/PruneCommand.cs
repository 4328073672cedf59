using System.CommandLine;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune in.onnx out.onnx</c>: a smaller model, measured before it is written.</summary>
internal static class PruneCommand
{
    private const string Usage = """
          onnxprune [prune] <in.onnx> <out.onnx> [options]   make a model smaller
          onnxprune inspect <in.onnx> [options]              show what can be cut
          onnxprune verify <a.onnx> <b.onnx> [options]       compare two models
          onnxprune quantize <in.onnx> <out.onnx> [options]  compute with 8-bit integers
          onnxprune sweep <in.onnx> <folder> [options]       several targets at once
          onnxprune train <in.onnx> <out.onnx> [options]     learn what can be cut
          onnxprune finetune <in.onnx> <out.onnx> [options]  train the weights
          onnxprune completion bash|zsh|pwsh                 complete words in a shell
        """;

    private const string After = """

        Without --target, --max-drift, --max-drop and --plan: masks that the model
        carries are applied; else what provably contributes nothing goes; else as
        much as keeps the drift within 0.05. A path that begins with a dash follows --.

        Examples:
          half the multiply-adds; the images choose what goes and repair what stays
            onnxprune in.onnx out.onnx --target macs=50% --calib images
          twice as fast on one core of this machine
            onnxprune in.onnx out.onnx --target speedup=2 --calib images --threads 1
          as small as it gets while losing at most one point of accuracy
            onnxprune in.onnx out.onnx --max-drop 1 --data labelled --calib images
          in a pipeline: figures as JSON on stdout, nothing else
            onnxprune in.onnx out.onnx --target macs=50% --report - -q

        """ + CommandLine.ExitCodes;

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the model to prune");
        var output = CommonOptions.Model("out.onnx", "where the pruned model goes; may be in.onnx");
        var target =
            new Option<string[]>("--target")
            {
                HelpName = "WHAT=LIMIT",
                Description =
                "an upper limit that the result keeps: macs=50%, params=0.4, channels=75% or absolute as in macs=60M; of the file: "
                    + "size=500KB, size=50%; measured: latency=50%, latency=3ms, speedup=2; repeatable, all hold"
            };
        target.CompletionSources.Add(TargetList.Beginnings);
        var maxDrift = CommonOptions.Text(
            "--max-drift",
            "X",
            "without a target: cut as much as keeps the relative output error within X (default 0.05); with one: fail beyond X");
        var maxDrop =
            CommonOptions.Text("--max-drop", "POINTS", "the same for the percentage points of top-1 accuracy that are lost on --data");
        var plan = CommonOptions.Text("--plan", "FILE", "apply a plan exactly");
        var planOut = CommonOptions.Text("--plan-out", "FILE", "write the plan that was made");
        var cuts = new CutArguments();
        var int8 = new Option<bool>("--int8")
        {
            Description = "quantize what was pruned to 8-bit integers by --calib, and keep them where they are faster here"
        };
        var report = CommonOptions.Text(
            "--report",
            "FILE",
            "write a report, also of a run that is refused: .json for machines, .html for people, .md for a pull request, - for JSON on "
                + "stdout in place of the table");
        var dryRun = new Option<bool>("--dry-run") { Description = "do everything but write" };
        var noVerify = new Option<bool>("--no-verify") { Description = "do not run the models before writing" };
        var measure = new MeasureArguments(
            "unlabelled inputs of the network, some hundred: they choose what goes and repair what stays, which is what keeps the "
                + "accuracy; the drift is measured on them, too");

        var command = new Command(
            "prune",
            "Makes trained CNNs in ONNX files smaller and faster: fewer channels, fewer residual blocks, nothing else. Both models are "
                + "measured before anything is written.");
        command.Arguments.Add(input);
        command.Arguments.Add(output);
        CommandLine.Complete(
            command,
            Usage,
            [
                new OptionGroup("How much goes", target, maxDrift, maxDrop, plan),
                measure.Data,
                new OptionGroup("What goes, and what is done for what stays", [.. cuts.All, int8]),
                new OptionGroup("Files", planOut, report, dryRun),
                measure.Runs with { Options = [.. measure.Runs.Options, noVerify] },
            ],
            After);
        command.SetAction(parsed =>
        {
            var settings = measure.Read(parsed);
            var options = new PruneOptions
            {
                Input = parsed.GetRequiredValue(input),
                Output = parsed.GetRequiredValue(output),
                Targets = TargetList.Parse(parsed.GetValue(target) ?? []),
                MaxDrift = CommonOptions.Positive("--max-drift", parsed.GetValue(maxDrift)),
                MaxDrop = CommonOptions.Positive("--max-drop", parsed.GetValue(maxDrop)),
                Plan = parsed.GetValue(plan),
                PlanOut = parsed.GetValue(planOut),
                Report = parsed.GetValue(report),
                Int8 = parsed.GetValue(int8),
                DryRun = parsed.GetValue(dryRun),
                Verify = !parsed.GetValue(noVerify),
                Measure = settings with { IsDetailed = ReportFormats.HasDetails(parsed.GetValue(report)) },
            };
            return new PruneRun((PruneOptions)cuts.Apply(parsed, options, settings.Calib is not null), parsed.Terminal(options.Report))
                .Execute();
        });
        return command;
    }
}
