using System.CommandLine;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Commands;

/// <summary>The options that say how models are measured.</summary>
internal sealed class MeasureArguments
{
    // Seconds.
    private const double UsualScore = 600;
    private const double LongestScore = 1e6;

    private readonly Option<string> _calib;
    private readonly Option<string> _data = CommonOptions.Text(
        "--data",
        "PATH",
        "labelled inputs to measure accuracy on. Either kind: CIFAR-10 .bin, .npy, .npz, input_0.pb or a folder of images");
    private readonly Option<string> _limit = CommonOptions.Text("--limit", "N", "take at most N samples of each");
    private readonly Option<string> _calibLimit = CommonOptions.Text("--calib-limit", "N", "take at most N samples of --calib");
    private readonly Option<string> _dataLimit = CommonOptions.Text("--data-limit", "N", "take at most N samples of --data");
    private readonly Option<string> _normalize =
        CommonOptions.Named("--normalize", "HOW", CommonOptions.NormalizeMeaning, "imagenet", "cifar10", "unit", "none");
    private readonly Option<string> _resize = CommonOptions.Text("--resize", "N", CommonOptions.ResizeMeaning);
    private readonly Option<string> _provider =
        CommonOptions.Named("--provider", "NAME", "where to run the models: auto (the default), cpu or cuda", "auto", "cpu", "cuda");
    private readonly Option<string> _threads = CommonOptions.Text("--threads", "N", "threads of ONNX Runtime; default: all cores");
    private readonly Option<string> _seed;
    private readonly InputShapeArgument _inputShape = new();
    private readonly Option<string> _metricTimeout =
        CommonOptions.Text("--metric-timeout", "SECONDS", "how long one run of --metric-cmd may take (600)");

    /// <param name="calibration">What the command does with unlabelled inputs.</param>
    /// <param name="seed">What is said of seeds besides.</param>
    public MeasureArguments(string calibration, string seed = "")
    {
        _calib = CommonOptions.Text("--calib", "PATH", calibration + "; 'synthetic' makes them from the network's BatchNormalization");
        _seed = CommonOptions.Text("--seed", "N", $"seed of synthetic inputs and samples{seed}; default: 0");
    }

    /// <summary>The inputs that the models are fed.</summary>
    public OptionGroup Data =>
        new(
            "Data",
            _calib,
            _data,
            _limit,
            _calibLimit,
            _dataLimit,
            _normalize,
            _resize,
            _inputShape.Option,
            CommonOptions.MetricCommand,
            _metricTimeout);

    /// <summary>The calibration inputs alone, and what they are run on.</summary>
    public OptionGroup Calibration => new("Measuring cuts", _calib, _calibLimit, _normalize, _resize, _inputShape.Option, _threads, _seed);

    /// <summary>The provider that they run on.</summary>
    public OptionGroup Runs => new("Measuring", _provider, _threads, _seed);

    /// <exception cref="UsageException">A value makes no sense.</exception>
    public MeasureOptions Read(ParseResult parsed) => Read(parsed, parsed.GetValue(_seed));

    /// <summary>The same once for each of several seeds.</summary>
    /// <exception cref="UsageException">A value makes no sense.</exception>
    public IReadOnlyList<MeasureOptions> ReadAll(ParseResult parsed) =>
        [.. (parsed.GetValue(_seed) ?? "0").Split(',', StringSplitOptions.TrimEntries).Distinct().Select(seed => Read(parsed, seed))];

    private MeasureOptions Read(ParseResult parsed, string? seed) => new()
    {
        Calib = parsed.GetValue(_calib),
        Data = parsed.GetValue(_data),
        Limit = CommonOptions.Whole("--limit", parsed.GetValue(_limit), 1),
        CalibLimit = CommonOptions.Whole("--calib-limit", parsed.GetValue(_calibLimit), 1),
        DataLimit = CommonOptions.Whole("--data-limit", parsed.GetValue(_dataLimit), 1),
        Normalize = CommonOptions.Normalization(parsed.GetValue(_normalize)),
        Resize = CommonOptions.Whole("--resize", parsed.GetValue(_resize), 1),
        Sessions = new SessionSettings
        {
            Provider = ExecutionProviders.Parse(
                CommonOptions.Choice("--provider", parsed.GetValue(_provider) ?? "auto", "auto", "cpu", "cuda")),
            Threads = CommonOptions.Threads(parsed.GetValue(_threads)),
        },
        InputShapes = _inputShape.Read(parsed),
        Seed = CommonOptions.Whole("--seed", seed, 0) ?? 0,
        Metric = Metric(parsed),
    };

    private MetricCommand? Metric(ParseResult parsed)
    {
        var limit = TimeSpan.FromSeconds(
            Math.Min(LongestScore, CommonOptions.Positive("--metric-timeout", parsed.GetValue(_metricTimeout)) ?? UsualScore));
        return parsed.GetValue(CommonOptions.MetricCommand) is { } line ? MetricCommand.Parse(line, limit) : null;
    }
}
