using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>Which kinds of numbers a sweep tries.</summary>
internal enum Int8Mode
{
    Off,
    On,
    Both,
}

/// <summary>The command line's request to a sweep.</summary>
internal sealed record SweepOptions
{
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The folder that models and tables go to.</summary>
    public required string Folder { get; init; }

    /// <summary>One target a point, such as "macs=50%".</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    public Int8Mode Int8 { get; init; }

    /// <summary>One for each seed.</summary>
    public required IReadOnlyList<MeasureOptions> Measures { get; init; }

    /// <summary>The request of a point, by its target.</summary>
    public required Func<string, PruningOptions> Request { get; init; }

    /// <summary>Null where no point is to be picked.</summary>
    public PickRule? Pick { get; init; }

    public required SweepEngine Engine { get; init; }

    /// <summary>The only point to work on, by its number; null for all.</summary>
    public int? Point { get; init; }

    /// <summary>The points in their order: those that share most come after each other.</summary>
    public IReadOnlyList<SweepPoint> Points()
    {
        bool[] kinds = Int8 switch { Int8Mode.Off => [false], Int8Mode.On => [true], _ => [false, true] };
        var all =
            from model in Models
            from measure in Measures
            from target in Targets
            from int8 in kinds
            select (model, measure, target, int8);
        return [.. all.Select((p, i) => new SweepPoint(i, p.model, p.measure, p.target, p.int8, Measures.Count > 1))];
    }
}

/// <summary>One network that a sweep makes.</summary>
/// <param name="NamesSeed">Whether there are points of several seeds.</param>
internal sealed record SweepPoint(int Index, string Model, MeasureOptions Measure, string Target, bool Int8, bool NamesSeed)
{
    /// <summary>The name of its files without an ending, such as "resnet56-macs50pct-int8".</summary>
    public string Name =>
        $"{Path.GetFileNameWithoutExtension(Model)}-{Target.Replace("=", "").Replace("%", "pct")}"
            + $"{(NamesSeed ? $"-seed{Measure.Seed}" : "")}{(Int8 ? "-int8" : "")}";

    /// <summary>The name in tables of one model.</summary>
    public string Label => $"{Target}{(NamesSeed ? $" seed {Measure.Seed}" : "")}{(Int8 ? " int8" : "")}";
}
