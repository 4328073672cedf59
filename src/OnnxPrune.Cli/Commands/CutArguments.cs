using System.CommandLine;
using System.Text.RegularExpressions;
using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Importance;

namespace OnnxPrune.Cli.Commands;

/// <summary>The options that say what may go, and what is done for what stays.</summary>
internal sealed class CutArguments
{
    private static readonly string[] s_criteria = [.. Criteria.Names, "gram"];
    private static readonly string[] s_granularities = ["channels", "blocks", "blocks,channels"];

    // Patterns come from the user and names from models; neither may stop the program.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    private readonly Option<string> _granularity = CommonOptions.Named(
        "--granularity",
        "WHAT",
        "what may go: channels (the default), blocks, or blocks,channels (the default with --calib and for targets of time)",
        s_granularities);
    private readonly Option<string> _criterion = CommonOptions.Named(
        "--criterion",
        "NAME",
        $"how channels are ranked: {string.Join(", ", Criteria.Names)}, gram; default: scaled-norm (the filter's norm times the scale of "
            + "its BatchNormalization); gram (what the others predict worst) with --calib",
        s_criteria);
    private readonly Option<string> _round =
        CommonOptions.Text("--round", "N", "keep multiples of N channels; auto (the default) measures what the kernels work on");
    private readonly Option<string> _for = CommonOptions.Named(
        "--for",
        "RUNTIME",
        "what the result is meant for, which decides the multiple of channels and the integers of --int8: auto (the default: what is "
            + "measured here), cpu (AVX-512 with VNNI, or ARM), cpu-avx2, tensorrt, openvino, xnnpack or coreml",
        [.. DeploymentTarget.Names]);
    private readonly Option<string> _exclude = CommonOptions.Text("--exclude", "REGEX", "leave layers alone whose node or weights match");
    private readonly Option<string> _only =
        CommonOptions.Text("--only", "REGEX", "touch no other layers than those whose node or weights match");
    private readonly Option<string> _repair =
        CommonOptions.Named(
            "--repair",
            "HOW",
            "auto (the default): with --calib, layers are fitted anew to what the original computes, one by one and then those of some "
                + "blocks together; without, the mean of a removed channel moves into the next layer's bias; distill: then all layers "
                + "together, to give the original's answers, some minutes; thorough: auto, but with blocks fitted four times as long; "
                + "layers: only one by one; none: nothing of it",
            "auto",
            "distill",
            "thorough",
            "layers",
            "none");

    public IReadOnlyList<Option> All => [_granularity, _criterion, _round, _for, _exclude, _only, _repair];

    /// <summary>The same request with these options.</summary>
    /// <param name="options">With its targets.</param>
    /// <exception cref="UsageException">A value makes no sense.</exception>
    public PruningOptions Apply(ParseResult parsed, PruningOptions options, bool isCalibrated)
    {
        var (blocks, channels) = Granularity(parsed.GetValue(_granularity), isCalibrated || options.Targets.Times.Count > 0);
        return options with
        {
            CutsBlocks = blocks,
            CutsChannels = channels,
            Criterion = parsed.GetValue(_criterion) is { } name ? Criterion(name) : null,
            Round = parsed.GetValue(_round) is null or "auto" ? null : CommonOptions.Whole("--round", parsed.GetValue(_round), 1),
            For = For(parsed.GetValue(_for), options),
            Exclude = Pattern("--exclude", parsed.GetValue(_exclude)),
            Only = Pattern("--only", parsed.GetValue(_only)),
            Repair = Repair(parsed.GetValue(_repair)),
        };
    }

    private static DeploymentTarget For(string? name, PruningOptions options)
    {
        var target = DeploymentTarget.Named(CommonOptions.Choice("--for", name ?? DeploymentTarget.Here.Name, [.. DeploymentTarget.Names]));
        return options.Int8 && target.Scheme is null && target != DeploymentTarget.Here
            ? throw new UsageException($"--for {target.Name} has no integers for --int8. {target.Reason}")
            : options.Targets.Times.Count > 0 && !target.IsTimedHere
            ? throw new UsageException(
                $"A target of time is met by this machine's clock, which knows nothing of {target.Name}; give macs=, params= or size= with "
                    + $"--for {target.Name}.")
            : target;
    }

    private static (bool Blocks, bool Channels) Granularity(string? text, bool cutsBlocks)
    {
        // Whether a block is worth its channels can only be told by measuring both; and blocks are what gives time on small networks.
        var words = (text ?? (cutsBlocks ? "blocks,channels" : "channels")).Split(',', StringSplitOptions.TrimEntries);
        return Array.TrueForAll(words, w => w is "blocks" or "channels")
            ? (words.Contains("blocks"), words.Contains("channels"))
            : throw new UsageException(
                $"--granularity {text}: choose channels, blocks or "
                    + $"blocks,channels{(Nearest.Question(text!, s_granularities) is { Length: > 0 } question ? question : ".")}");
    }

    private static string Criterion(string text) => s_criteria.Contains(text)
        ? text
        : throw new UsageException($"There is no criterion '{text}'{Meant(text)}");

    private static string Meant(string criterion) =>
        Nearest.Question(criterion, s_criteria) is { Length: > 0 } question
            ? question
            : $"; choose one of {string.Join(", ", s_criteria)}.";

    private static RepairEffort Repair(string? text) =>
        CommonOptions.Choice("--repair", text ?? "auto", "auto", "distill", "thorough", "layers", "none") switch
        {
            "distill" => RepairEffort.Distill,
            "thorough" => RepairEffort.Thorough,
            "layers" => RepairEffort.Layers,
            "none" => RepairEffort.None,
            _ => RepairEffort.Auto,
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
