using System.CommandLine;
using OnnxPrune.Cli.Training;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Training.Methods;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune train in.onnx out.onnx</c>: learns on labelled data which blocks and channels can go.</summary>
internal static class TrainCommand
{
    private const string Usage = "  onnxprune train <in.onnx> <out.onnx> --data PATH [options]";

    private const string After = """

        out.onnx has the structure of in.onnx, learned weights, and a plan of what goes;
        'onnxprune out.onnx small.onnx' carries it out exactly, and --pruned writes the
        same at once. Ctrl-C finishes the step and saves; the same command goes on.

        """ + CommandLine.ExitCodes + Signals;

    /// <summary>Exit codes that a training may end with besides.</summary>
    public const string Signals = "  130, 143  Ctrl-C or SIGTERM stopped the training, which was saved\n";

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the classifier to train");
        var output = CommonOptions.Model("out.onnx", "where the trained model goes, with its masks");
        var target =
            new Option<string[]>("--target")
            {
                HelpName = "WHAT=LIMIT",
                Description =
                "an upper limit that the pruned result keeps: macs=20%, params=0.4, channels=75% or absolute, latency=50%, latency=3ms or "
                    + "speedup=2; repeatable, all hold. Without: gates below one half, and the share of channels"
            };
        var method =
            CommonOptions.Named(
                "--method",
                "NAME",
                "bpcp (the default: blocks, then channels), blocks, channels, sfp or slimming",
                "bpcp",
                "blocks",
                "channels",
                "sfp",
                "slimming");
        var preset = CommonOptions.Text(
            "--preset",
            "NAME",
            "paper (the default: BPCP's own values) or quick (a few epochs with cosine decay, for networks that are trained already); "
                + "options given beside it win");
        var pruned = CommonOptions.Text("--pruned", "FILE", "also write the pruned model");
        var arguments = new TrainingArguments(isTraining: true);
        var command = new Command("train", "Learns on labelled data which blocks and channels a classifier can do without.");
        command.Arguments.Add(input);
        command.Arguments.Add(output);
        CommandLine.Complete(command, Usage, [new OptionGroup("What goes", target, method, preset, pruned), arguments.All], After);
        command.SetAction(parsed =>
        {
            var options = arguments.Read(parsed, TrainingPresets.Of(parsed.GetValue(preset) ?? "paper"));
            var targets = TargetList.Parse(parsed.GetValue(target) ?? []);
            if (targets.Sizes.Count > 0)
            {
                throw new UsageException(
                    $"'{targets.Sizes[0]}' is a target of a file, and what is trained is written later; write params= here, or give "
                        + $"--target {targets.Sizes[0]} when pruning.");
            }

            options = options with
            {
                Input = parsed.GetRequiredValue(input),
                Output = parsed.GetRequiredValue(output),
                Pruned = parsed.GetValue(pruned),
                Training = options.Training with
                {
                    Method = ParseMethod(CommonOptions.Choice(
                        "--method", parsed.GetValue(method) ?? "bpcp", "bpcp", "blocks", "channels", "sfp", "slimming")),
                    Targets = targets,
                },
            };
            if (options is { Pruned: null, Training.Bits: not null })
            {
                throw new UsageException("--bits is for the pruned model: say by --pruned FILE where it goes.");
            }

            return new TrainRun(options, parsed.Terminal()).Execute();
        });
        return command;
    }

    private static TrainingMethod ParseMethod(string text) => text switch
    {
        "blocks" => TrainingMethod.Blocks,
        "channels" => TrainingMethod.Channels,
        "sfp" => TrainingMethod.Sfp,
        "slimming" => TrainingMethod.Slimming,
        _ => TrainingMethod.Bpcp,
    };
}
