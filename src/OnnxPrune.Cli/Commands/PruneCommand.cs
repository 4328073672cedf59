using System.CommandLine;
using System.Text.RegularExpressions;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune in.onnx out.onnx</c>: a smaller model, measured before it is written.</summary>
internal static class PruneCommand
{
    // Patterns come from the user and names from models; neither may stop the program.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    private const string Usage = """
          onnxprune <in.onnx> <out.onnx> [options]           prune a model
          onnxprune inspect <in.onnx> [options]              show what can be cut
          onnxprune verify <a.onnx> <b.onnx> [options]       compare two models
          onnxprune train <in.onnx> <out.onnx> [options]     learn what can be cut
          onnxprune finetune <in.onnx> <out.onnx> [options]  train the weights
        """;

    private const string ExitCodes = """

        Without --target, --max-drift, --max-drop and --plan: masks that the model
        carries are applied; else what provably contributes nothing goes; else as
        much as keeps the drift within 0.05.

        Exit codes: 0 done; 1 verification or writing failed, nothing was written;
        2 wrong usage; 3 target out of reach; 4 model broken or unsupported.

        """;

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the model to prune");
        var output = CommonOptions.Model("out.onnx", "where the pruned model goes; may be in.onnx");
        var target = new Option<string[]>("--target") { HelpName = "WHAT=LIMIT", Description = "an upper limit that the result keeps: macs=50%, params=0.4, channels=75% or absolute as in macs=60M; measured: latency=50%, latency=3ms, speedup=2; repeatable, all hold" };
        var maxDrift = CommonOptions.Text("--max-drift", "X", "without a target: cut as much as keeps the relative output error within X (default 0.05); with one: fail beyond X");
        var maxDrop = CommonOptions.Text("--max-drop", "POINTS", "the same for the percentage points of top-1 accuracy that are lost on --data");
        var plan = CommonOptions.Text("--plan", "FILE", "apply a plan exactly");
        var planOut = CommonOptions.Text("--plan-out", "FILE", "write the plan that was made");
        var granularity = CommonOptions.Text("--granularity", "WHAT", "what may go: channels (the default), blocks, or blocks,channels (the default with --calib)");
        var criterion = CommonOptions.Text("--criterion", "NAME", $"how channels are ranked: {string.Join(", ", Criteria.Names)}, gram; default: scaled-norm (the filter's norm times the scale of its BatchNormalization); gram (what the others predict worst) with --calib");
        var round = CommonOptions.Text("--round", "N", "keep multiples of N channels; auto (the default) measures what the kernels work on");
        var exclude = CommonOptions.Text("--exclude", "REGEX", "leave layers alone whose node or weights match");
        var only = CommonOptions.Text("--only", "REGEX", "touch no other layers than those whose node or weights match");
        var repair = CommonOptions.Text("--repair", "HOW", "auto (the default): with --calib, layers are fitted anew to what the original computes, one by one and then those of some blocks together; without, the mean of a removed channel moves into the next layer's bias; thorough: blocks are fitted four times as long; layers: only one by one; none: nothing of it");
        var report = CommonOptions.Text("--report", "FILE", "write a report: .json for machines, .md for people");
        var dryRun = new Option<bool>("--dry-run") { Description = "do everything but write" };
        var noVerify = new Option<bool>("--no-verify") { Description = "do not run the models before writing" };
        var measure = new MeasureArguments();

        var command = new Command("onnxprune", "Prunes ONNX networks: fewer channels, fewer residual blocks, nothing else.");
        command.Arguments.Add(input);
        command.Arguments.Add(output);
        foreach (var option in (Option[])[target, maxDrift, maxDrop, plan, planOut, granularity, criterion, round, exclude, only, repair])
        {
            command.Options.Add(option);
        }

        measure.AddTo(command);
        foreach (var option in (Option[])[report, dryRun, noVerify])
        {
            command.Options.Add(option);
        }

        CommandLine.Complete(command, Usage, ExitCodes);
        command.SetAction(parsed =>
        {
            var settings = measure.Read(parsed);
            var (blocks, channels) = ParseGranularity(parsed.GetValue(granularity), settings.Calib is not null);
            var targets = parsed.GetValue(target) ?? [];
            var options = new PruneOptions
            {
                Input = parsed.GetRequiredValue(input),
                Output = parsed.GetRequiredValue(output),
                Targets = [.. targets.Where(t => !TimeTarget.IsMeantBy(t)).Select(Target.Parse)],
                TimeTargets = [.. targets.Where(TimeTarget.IsMeantBy).Select(TimeTarget.Parse)],
                MaxDrift = CommonOptions.Positive("--max-drift", parsed.GetValue(maxDrift)),
                MaxDrop = CommonOptions.Positive("--max-drop", parsed.GetValue(maxDrop)),
                Plan = parsed.GetValue(plan),
                PlanOut = parsed.GetValue(planOut),
                Report = parsed.GetValue(report),
                CutsBlocks = blocks,
                CutsChannels = channels,
                Criterion = parsed.GetValue(criterion),
                Round = parsed.GetValue(round) is null or "auto" ? null : CommonOptions.Whole("--round", parsed.GetValue(round), 1),
                Exclude = Pattern("--exclude", parsed.GetValue(exclude)),
                Only = Pattern("--only", parsed.GetValue(only)),
                Repair = ParseRepair(parsed.GetValue(repair)),
                DryRun = parsed.GetValue(dryRun),
                Verify = !parsed.GetValue(noVerify),
                Measure = settings,
            };
            return new PruneRun(options, parsed.Terminal()).Execute();
        });
        return command;
    }

    private static (bool Blocks, bool Channels) ParseGranularity(string? text, bool isCalibrated)
    {
        // Whether a block is worth its channels can only be told by measuring both.
        var words = (text ?? (isCalibrated ? "blocks,channels" : "channels")).Split(',', StringSplitOptions.TrimEntries);
        return Array.TrueForAll(words, w => w is "blocks" or "channels")
            ? (words.Contains("blocks"), words.Contains("channels"))
            : throw new UsageException($"--granularity {text}: choose channels, blocks or blocks,channels.");
    }

    private static RepairEffort ParseRepair(string? text) => text switch
    {
        null or "auto" => RepairEffort.Auto,
        "thorough" => RepairEffort.Thorough,
        "layers" => RepairEffort.Layers,
        "none" => RepairEffort.None,
        _ => throw new UsageException($"--repair {text}: choose auto, thorough, layers or none."),
    };

    private static Regex? Pattern(string option, string? text)
    {
        try
        {
            return text is null ? null : new Regex(text, RegexOptions.CultureInvariant, LongestMatch);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"{option} '{text}' is no regular expression: {e.Message}", e);
        }
    }
}
