using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>The options of measuring models.</summary>
public sealed record MeasureOptions
{
    /// <summary>The value of <see cref="Calib"/> that asks for inputs made from the network's own statistics.</summary>
    public const string Synthetic = "synthetic";

    /// <summary>The path of unlabelled inputs, or <see cref="Synthetic"/>; null without any.</summary>
    public string? Calib { get; init; }

    /// <summary>The path of labelled inputs; null when accuracy is not wanted.</summary>
    public string? Data { get; init; }

    /// <summary>At most so many samples of each; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>The same of <see cref="Calib"/> alone.</summary>
    public int? CalibLimit { get => field ?? Limit; init; }

    /// <summary>The same of <see cref="Data"/> alone.</summary>
    public int? DataLimit { get => field ?? Limit; init; }

    public string? Normalize { get; init; }

    /// <summary>The pixels that the shorter side of images in folders is brought to; null leaves them as they are.</summary>
    public int? Resize { get; init; }

    public SessionSettings Sessions { get; init; } = new();

    /// <summary>Sizes of dynamic inputs, by name.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    public int Seed { get; init; }

    /// <summary>True if calibration inputs are made from the network itself.</summary>
    internal bool SynthesizesCalib => Calib == Synthetic;

    /// <summary>The path of the calibration inputs; null where there is none to read.</summary>
    internal string? CalibPath => SynthesizesCalib ? null : Calib;

    /// <summary>The inputs that were made; shared by copies of these options.</summary>
    internal MadeInputs Made { get; } = new();

    /// <summary>The calibration inputs.</summary>
    /// <exception cref="UsageException">They cannot be read.</exception>
    internal IDataSource OpenCalib() => SynthesizesCalib ? Made.Source! : DataSource.Open(Calib!, Normalize, Resize);

    /// <summary>True if a report asks for more than figures: samples whose answers moved, and the time of each layer.</summary>
    internal bool IsDetailed { get; init; }

    /// <summary>A program of the user's that scores models; null for none. A limit of accuracy is then one of its score.</summary>
    internal MetricCommand? Metric { get; init; }

    /// <summary>True if there is anything that a limit of accuracy could be judged by.</summary>
    internal bool CanJudgeAccuracy => Data is not null || Metric is not null;
}

/// <summary>A place for inputs that are made once the network is read.</summary>
internal sealed class MadeInputs
{
    /// <summary>Null until they are made.</summary>
    public IDataSource? Source { get; set; }
}
