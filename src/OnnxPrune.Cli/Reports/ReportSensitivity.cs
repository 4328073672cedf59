using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Reports;

/// <summary>The damage that cutting one place by itself does to the outputs, measured after repair, on calibration inputs.</summary>
internal sealed record ReportSensitivity(IReadOnlyList<ReportGroupDamage> Groups, IReadOnlyList<ReportBlockDamage> Blocks)
{
    /// <param name="outcome">The network and the plan that was applied.</param>
    public static ReportSensitivity Of(CutCandidates sensitivity, PruneOutcome outcome)
    {
        var (graph, names) = (outcome.Original.Channels, new NodeNames(outcome.Original.Model.Graph));
        var gone = outcome.Plan.Channels
            .SelectMany(cut => names.Find(cut.Layer) is { } layer && graph
                .MadeBy(layer, cut.Axis) is { } made ? cut.Cut
                .Select(i => made[i]) : [])
            .ToHashSet();
        var removed = outcome.Plan.Blocks.ToHashSet();
        var goneNodes = outcome.Original.Blocks.Where(b => removed.Contains(names.Of(b.Join))).SelectMany(b => b.Branch).ToHashSet();
        return new ReportSensitivity(
            [.. sensitivity.Groups
                .OrderBy(g => g.Group)
                .Select(
                    g => Of(
                        g,
                        graph.Groups[g.Group],
                        group => group.Producers.All(goneNodes.Contains) ? 0 : group.Channels.Count(c => !gone.Contains(c))))],
            [.. sensitivity.Blocks.Select(b => (Name: names.Of(b.Block.Join), b.Damage))
                .Select(b => new ReportBlockDamage(b.Name, b.Damage, removed.Contains(b.Name)))]);
    }

    private static ReportGroupDamage Of(GroupDamage damage, Channels.ChannelGroup group, Func<Channels.ChannelGroup, int> kept) => new(
        group.Name, group.Channels.Count, kept(group), [.. damage.Options.Select(o => new ReportCutDamage(o.Kept, o.Damage))]);
}

/// <param name="Name">The first layer that makes the channels.</param>
/// <param name="Kept">How many channels the plan keeps; 0 where the block that makes them goes.</param>
/// <param name="Options">By the channels that are kept, falling.</param>
internal sealed record ReportGroupDamage(string Name, int Channels, int Kept, IReadOnlyList<ReportCutDamage> Options);

/// <param name="Damage">
/// The Kullback-Leibler divergence of the softened answers of a classifier; the relative squared error of any other output.
/// </param>
internal sealed record ReportCutDamage(int Kept, double Damage);

/// <param name="Damage">In the same unit.</param>
internal sealed record ReportBlockDamage(string Name, double Damage, bool Removed);

/// <summary>A network that a search within limits of loss measured.</summary>
/// <param name="MacsShare">The share of the MACs that it was cut to, 0 to 1.</param>
/// <param name="Drift">Its relative output error; null where no limit asks.</param>
/// <param name="Drop">The points of accuracy that it loses; null where no limit asks, or where the drift was too much already.</param>
internal sealed record ReportLossTrial(double MacsShare, double? Drift, double? Drop, bool Within);
