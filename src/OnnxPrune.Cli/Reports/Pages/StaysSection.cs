using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The channels that stayed, and why.</summary>
internal static class StaysSection
{
    private const int NamedLayers = 5;

    /// <param name="islands">What computes with floats between integers.</param>
    /// <param name="keptFloat">Why a whole network stayed float; null where it did not, or where nobody asked.</param>
    public static Section? Of(
        IReadOnlyList<ReportBlocked> blocked,
        IReadOnlyList<ReportUncounted> uncounted,
        IReadOnlyList<QuantizeIsland> islands,
        string? keptFloat) =>
        blocked.Count + uncounted.Count + islands.Count == 0 && keptFloat is null ? null : new Section(
            "stays",
            "What stayed, and why",
            blocked.Count == 0
                ? null
                : Table.Of(
                    "Channels that had to stay",
                    ["Reason", "Layers", "Channels"],
                    blocked.Select(b => new[] { b.Reason, Layers(b.Layers), Numbers.Count(b.Channels) }),
                    2),
            keptFloat is null ? null : Element.Of("p", $"The network stayed float: {keptFloat}."),
            islands.Count == 0
                ? null
                : Table.Of(
                    "What computes with floats between integers",
                    ["Node", "Operator", "Reason", "Drift alone"],
                    islands.Select(i => new[] { i.Name, i.Operator, i.Reason, Damage(i) }),
                    3),
            uncounted.Count == 0
                ? null
                : Table.Of(
                    "Layers whose MACs are not known, and not in any number here",
                    ["Layer", "Operator", "Reason"],
                    uncounted.Select(u => new[] { u.Name, u.Operator, u.Reason }),
                    3));

    private static string Damage(QuantizeIsland island) => island.Drift is { } drift ? FormattableString.Invariant($"{drift:0.####}") : "";

    private static string Layers(IReadOnlyList<string> layers) =>
        layers.Count > NamedLayers
            ? $"{string.Join(", ", layers.Take(NamedLayers))} and {layers.Count - NamedLayers} more"
            : string.Join(", ", layers);
}
