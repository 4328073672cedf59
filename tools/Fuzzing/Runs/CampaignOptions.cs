using Fuzzing.Targets;

namespace Fuzzing.Runs;

/// <summary>The inputs of a campaign, their number, and the folder of its findings.</summary>
internal sealed record CampaignOptions
{
    public required IReadOnlyList<FuzzTarget> Targets { get; init; }

    /// <summary>Seconds per target; null for no limit.</summary>
    public int? Seconds { get; init; }

    /// <summary>Inputs per target; null for no limit. Where neither is given, a thousand.</summary>
    public long? Count { get; init; }

    public required int Seed { get; init; }

    public long From { get; init; }

    public required string Findings { get; init; }

    public string? Program { get; init; }
}
