using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Channels;

/// <summary>
/// Cuts channels out of a model: every axis of a constant that carries one loses its index, operators adapt what else depends on
/// channel counts, and the values' shapes follow. Afterwards the channel graph is out of date.
/// </summary>
internal sealed class ChannelCut
{
    private readonly bool[] _leaves;
    private readonly Dictionary<int[], Keep> _keeps = new(ReferenceEqualityComparer.Instance);

    private ChannelCut(ChannelGraph graph, IEnumerable<int> channels)
    {
        Graph = graph;
        _leaves = new bool[graph.Count];
        foreach (var channel in channels)
        {
            if (graph.WhyPinned(channel) is { } reason)
            {
                throw new ArgumentException($"Channel {channel} cannot be cut: {reason.Text}.");
            }

            _leaves[channel] = true;
        }
    }

    /// <summary>The channels of the model before the cut.</summary>
    public ChannelGraph Graph { get; }

    /// <summary>Removes the channels from the graph's model.</summary>
    /// <exception cref="UsageException">An axis would be left empty; the model is then unchanged.</exception>
    public static void Apply(ChannelGraph graph, IReadOnlyCollection<int> channels)
    {
        if (channels.Count == 0)
        {
            return;
        }

        var cut = new ChannelCut(graph, channels);
        foreach (var axis in graph.Axes)
        {
            if (cut.Keep(axis) is { Count: 0, IsWhole: false })
            {
                throw new UsageException($"The cut leaves no channel on axis {axis.Axis} of '{axis.Value.Name}'; at least one must stay.");
            }
        }

        foreach (var node in graph.Model.Graph.Nodes.ToArray()) // Rules may put nodes in.
        {
            if (node.Outputs.Any(o => o is not null && graph.Constants[o] is null))
            {
                RuleFault.NameIn(node, () => OperatorTable.Find(node)?.Rewrite(node, cut));
            }
        }

        foreach (var parameter in graph.Parameters)
        {
            cut.Shrink(parameter);
        }

        cut.UpdateShapes();
    }

    public bool Stays(int channel) => !_leaves[channel];

    /// <summary>The indices of an axis that stay; null when it carries no channels.</summary>
    public Keep? Keep(Value value, int axis) => Keep(new ValueAxis(value, axis));

    /// <summary>True if the axis gets shorter.</summary>
    public bool Changes(Value value, int axis) => Keep(value, axis) is { IsWhole: false };

    /// <summary>True if an integer input of the node is computed from the number of channels of an axis that gets shorter.</summary>
    public bool ChangesNumbers(Node node, int input) =>
        Graph.Terms[node.Input(input)] is { } numbers && numbers.Any(n => n.Sources.Any(Changes));

    /// <summary>
    /// Gives a node integers that it takes as an attribute or as an input, depending on its operator's version. An input becomes a
    /// constant of its own, because others may read the old one.
    /// </summary>
    public void SetLongs(Node node, string name, int input, long[] values, bool isInput)
    {
        if (!isInput)
        {
            node.Set(name, values);
            return;
        }

        var old = node.Input(input);
        if (old is not null && Graph.Constants.Longs(old) is { } known && known.SequenceEqual(values))
        {
            return;
        }

        var isInt32 = old?.ElementType == ElementType.Int32;
        var tensor = Tensor.Of(values, values.Length);
        node.SetInput(
            input, Graph.Model.Graph.AddFreshInitializer($"{node.Label}.{name}", isInt32 ? tensor.WithType(ElementType.Int32) : tensor));
    }

    /// <summary>
    /// Gives a node's list of lengths what the cut makes of it: the number of channels that stay where <paramref name="keepAt"/> has any,
    /// and else what it was before. A computed list stays one, so that lengths which are open stay open.
    /// Given: node(x, lengths)   Result: node(x, Where([false, true, ...], [_, 12, ...], lengths)), or node(x, [_, 12, ...]) where the
    /// lengths are constants.
    /// </summary>
    /// <remarks>The other half of <see cref="ChannelFlow.FollowLengths"/>.</remarks>
    public void SetLengths(Node node, string name, int input, Func<int, Keep?> keepAt)
    {
        if (node.Input(input) is not { } list || Graph.Terms[list] is not { } lengths)
        {
            return;
        }

        var numbers = new long?[lengths.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            var keep = keepAt(i);
            numbers[i] = keep is not null
                ? (keep.IsWhole && !lengths[i].Sources.Any(Changes)) || Follows(lengths[i], keep) ? null : keep.Count
                : lengths[i].Sources.Any(Changes) ? lengths[i].Known : null;
        }

        if (Array.TrueForAll(numbers, n => n is null))
        {
            return;
        }

        if (Graph.Constants.Longs(list) is { } old)
        {
            SetLongs(node, name, input, [.. old.Select((n, i) => numbers[i] ?? n)], isInput: true);
            return;
        }

        var graph = Graph.Model.Graph;
        var mask = graph.AddFreshInitializer(
            $"{node.Label}.{name}.isCut",
            new Tensor(ElementType.Bool, [numbers.Length], Array.ConvertAll(numbers, n => (byte)(n is null ? 0 : 1))));
        var replaced =
            graph.AddFreshInitializer($"{node.Label}.{name}.cut", Tensor.Of(Array.ConvertAll(numbers, n => n ?? 0), numbers.Length));
        var made = graph.AddNode("", "Where", [mask, replaced, list], [graph.FreshName($"{node.Label}.{name}")], before: node).Output;
        (made.ElementType, made.Shape) = (ElementType.Int64, new Graphs.Shape(numbers.Length));
        node.SetInput(input, made);
    }

    private bool Follows(DimTerm length, Keep keep) =>
        length is { IsPlain: true, Sources: [var source] } && Keep(source) is { } own && own.Count == keep.Count;

    private bool Changes(ValueAxis axis) => Keep(axis) is { IsWhole: false };

    private Keep? Keep(ValueAxis axis)
    {
        if (Graph.Channels(axis) is not { } channels)
        {
            return null;
        }

        if (!_keeps.TryGetValue(channels, out var keep))
        {
            _keeps.Add(channels, keep = Graphs.Keep.Where(channels.Length, i => Stays(channels[i])));
        }

        return keep;
    }

    private void Shrink(Value parameter)
    {
        var tensor = Graph.Constants[parameter]!;
        if (!Enumerable.Range(0, tensor.Rank).Any(axis => Changes(parameter, axis)))
        {
            return;
        }

        var uses = Graph.BoundUses(parameter);
        if (StoredConstant.IsBehind(parameter.Producer) && !parameter.Uses.Except(uses).Any())
        {
            StoredConstant.Shrink(Graph.Model.Graph, parameter, (stored, first) => Take(parameter, stored, first), Graph.Constants);
        }
        else
        {
            ConstantReplacement.Replace(Graph.Model.Graph, parameter, Take(parameter, tensor, 0), uses);
        }
    }

    /// <summary>
    /// A tensor without the indices that leave, where its axes are those of a parameter from <paramref name="first"/> on.
    /// </summary>
    private Tensor Take(Value parameter, Tensor tensor, int first) =>
        tensor.Take([.. Enumerable.Range(first, tensor.Rank).Select(axis => Keep(parameter, axis))]);

    private void UpdateShapes()
    {
        foreach (var axis in Graph.Axes)
        {
            if (Keep(axis) is { IsWhole: false } keep && axis.Value is { IsInitializer: false, Shape: { } shape })
            {
                axis.Value.Shape = shape.With(axis.Axis, keep.Count);
                axis.Value.IsResized = true;
            }
        }
    }
}
