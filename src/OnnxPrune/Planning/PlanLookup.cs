using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>Finds in a model what a plan names.</summary>
internal static class PlanLookup
{
    /// <exception cref="UsageException">A name is no block of the model.</exception>
    public static IReadOnlyList<ResidualBlock> Blocks(PruningPlan plan, Model model, IReadOnlyList<ResidualBlock> blocks)
    {
        var names = new NodeNames(model.Graph);
        return [.. plan.Blocks.Distinct().Select(name => blocks.FirstOrDefault(b => names.Of(b.Join) == name)
            ?? throw new UsageException($"The plan removes block '{name}', but the model has no residual block of that name."))];
    }

    /// <summary>The channels that the plan cuts.</summary>
    /// <exception cref="UsageException">A layer does not exist, has another number of channels, or a channel must stay.</exception>
    public static IReadOnlySet<int> Channels(PruningPlan plan, ChannelGraph graph)
    {
        var names = new NodeNames(graph.Model.Graph);
        var leaving = new HashSet<int>();
        foreach (var cut in plan.Channels)
        {
            var made = (names.Find(cut.Layer) is { } node ? graph.MadeBy(node, cut.Axis) : null)
                ?? throw new UsageException(
                    $"The plan cuts channels of '{cut.Layer}', but no layer of the model makes channels under that name.");
            if (made.Count != cut.Of)
            {
                throw new UsageException($"The plan was made for a '{cut.Layer}' with {cut.Of} channels, but here it has {made.Count}.");
            }

            foreach (var index in cut.Cut)
            {
                if (index < 0 || index >= made.Count)
                {
                    throw new UsageException($"The plan cuts channel {index} of '{cut.Layer}', which has {made.Count}.");
                }

                if (graph.WhyPinned(made[index]) is { } reason)
                {
                    throw new UsageException($"The plan cuts channel {index} of '{cut.Layer}', which must stay: {reason.Text}.");
                }

                leaving.Add(made[index]);
            }
        }

        return leaving;
    }
}
