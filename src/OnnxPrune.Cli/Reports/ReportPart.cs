using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>A residual block, or a layer outside of blocks, with what belongs to it: its normalizations and activations.</summary>
/// <param name="Channels">Of its layers, in order: "64 to 48, 64, 256"; "removed" where it is gone.</param>
internal sealed record ReportPart(string Name, string Channels, long MacsBefore, long MacsAfter, long ParamsBefore, long ParamsAfter)
{
    public bool HasChanged => (MacsBefore, ParamsBefore) != (MacsAfter, ParamsAfter);

    /// <param name="removed">The names of the blocks that are gone.</param>
    public static IReadOnlyList<ReportPart> Of(IReadOnlyList<ReportLayer> layers, HashSet<string> removed)
    {
        var parts = new List<(string Name, List<ReportLayer> Layers)>();
        var places = new Dictionary<string, List<ReportLayer>>();
        string? outside = null;
        foreach (var layer in layers)
        {
            if (layer.Block is null && (ReportStructure.IsWeighted(layer.Operator) || outside is null))
            {
                outside = layer.Name;
            }

            var name = layer.Block ?? outside!;
            if (!places.TryGetValue(name, out var members))
            {
                places.Add(name, members = []);
                parts.Add((name, members));
            }

            members.Add(layer);
        }

        return [.. parts.Select(p => new ReportPart(
            p.Name,
            removed.Contains(p.Name)
                ? "removed"
                : string.Join(", ", p.Layers.Where(l => ReportStructure.IsWeighted(l.Operator)).Select(ChannelsOf)),
            p.Layers.Sum(l => l.MacsBefore),
            p.Layers.Sum(l => l.MacsAfter),
            p.Layers.Sum(l => l.ParamsBefore),
            p.Layers.Sum(l => l.ParamsAfter)))];
    }

    private static string ChannelsOf(ReportLayer layer) => (layer.ChannelsBefore, layer.ChannelsAfter) switch
    {
        (null, _) => "-",
        ({ } before, null) => $"{Numbers.Plain(before)} to 0",
        ({ } before, { } after) => before == after ? Numbers.Plain(before) : $"{Numbers.Plain(before)} to {Numbers.Plain(after)}",
    };
}
