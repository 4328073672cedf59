using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Repair;

namespace OnnxPrune.Planning;

/// <summary>
/// The cost of a network as a function of how many channels of each group stay. All costs are sums of products of axis lengths, and
/// an axis's length is a constant plus, for each group on it, the group's multiplicity times its kept channels.
/// </summary>
internal sealed class CostModel
{
    private readonly Terms _all = new([], [], [], [], []);
    private readonly List<UncountedLayer> _uncounted = [];
    private readonly Lazy<Terms[]> _ofGroups;
    private readonly Lazy<int[][]> _neighbours;
    private readonly LayerTimes? _times;

    /// <param name="absorbsMeans">Whether layers without a bias get one when they lose input channels.</param>
    /// <param name="times">How long layers take; null leaves the times out.</param>
    public CostModel(ChannelGraph graph, CostShapes shapes, bool absorbsMeans = false, LayerTimes? times = null)
    {
        _times = times;
        var lengths = new LengthTable(graph);
        foreach (var node in graph.Model.Graph.Nodes)
        {
            RuleFault.NameIn(node, () => AddMacs(node, lengths, shapes));
        }

        _all.Constants.AddRange(graph.Model.Graph.Nodes.Where(n => n.InnerParameters > 0).Select(n => (n, 0L, n.InnerParameters)));
        AddConstants(graph, lengths);

        _all.Outputs.AddRange(graph.Model.Graph.Nodes
            .Where(n => !shapes.Constants.IsConstant(n)
                && WeightLayout.IsLayer(n)
                && n.Output.Shape is { Rank: > 1 }
                && OperatorTable.Find(n)?.Macs(n, shapes) is not null)
            .Select(n => (Node: n, Axis: n.OpType == "MatMul" ? n.Output.Shape!.Rank - 1 : 1))
            .Select(p =>
                (p.Node, RuleFault.NameIn(p.Node, () =>
                    lengths.Of(new ValueAxis(p.Node.Output, p.Axis), shapes[p.Node.Output]![p.Axis])))));
        if (absorbsMeans)
        {
            _all.Biases.AddRange(graph.Consumers
                .Where(r => MeanAbsorption.AddsBias(r.Node, graph.Constants) && graph.Channels(r.Node.Output, 1) is not null)
                .Select(r => (r.Node, lengths.Of(new ValueAxis(r.Value, r.Axis), 0), lengths.Of(new ValueAxis(r.Node.Output, 1), 0))));
        }

        Whole = [.. graph.Groups.Select(g => g.Channels.Count)];
        _ofGroups = new(() => [.. Enumerable.Range(0, Whole.Count).Select(_all.Of)]);
        _neighbours = new(() => Array.ConvertAll(_ofGroups.Value, terms => (int[])[.. terms.Groups().Distinct()]));
        CheckThatItCanBeCounted();
    }

    private void AddConstants(ChannelGraph graph, LengthTable lengths)
    {
        var weights = Weights(graph).ToHashSet();
        foreach (var value in weights.Concat(graph.Parameters.Where(p => !weights.Contains(p) && graph.Constants[p] is not null)))
        {
            var tensor = graph.Constants[value]!;
            var count = new Product(
                1, [.. Enumerable.Range(0, tensor.Rank).Select(axis => lengths.Of(new ValueAxis(value, axis), tensor.Dims[axis]))]);
            _all.Stored.Add((value, count, StoredConstant.Type(value, graph.Constants).SizeInBytes(), weights.Contains(value)));
        }
    }

    private void AddMacs(Node node, LengthTable lengths, CostShapes shapes)
    {
        if (shapes.Constants.IsConstant(node))
        {
            return;
        }

        var term = OperatorTable.Find(node)?.Macs(node, shapes);
        if (term is not null)
        {
            _all.Macs.Add(
                (node, new Product(
                    term.PerElement,
                    [.. term.Axes.Select(a => lengths.Of(a, Size(a, shapes)))]), term.OutputAxis, node.Int("group", 1) > 1));
        }

        var constant = term is null ? RulelessLayers.Macs(node, shapes) : null;
        if (constant is not null)
        {
            _all.Constants.Add((node, constant.Value, 0));
        }

        if (UncountedLayer.Of(node, term is not null || constant is not null, shapes) is { } uncounted)
        {
            _uncounted.Add(uncounted);
        }
    }

    /// <summary>Layers whose MACs are not counted, or not all of them.</summary>
    public IReadOnlyList<UncountedLayer> Uncounted => _uncounted;

    /// <summary>Every group with all its channels.</summary>
    public IReadOnlyList<int> Whole { get; }

    /// <param name="kept">The number of channels that stay, per group of the channel graph.</param>
    /// <param name="removed">Nodes that are gone, with the constants that only they read.</param>
    public Cost Evaluate(IReadOnlyList<int> kept, IReadOnlySet<Node>? removed = null) => Sum(_all, kept, removed);

    /// <summary>
    /// The part of the cost that changes with one group's channels: planning compares thousands of cuts that differ in one group.
    /// </summary>
    /// <inheritdoc cref="Evaluate"/>
    /// <param name="group">Of the channel graph.</param>
    public Cost PartOf(int group, IReadOnlyList<int> kept, IReadOnlySet<Node>? removed = null) =>
        Sum(_ofGroups.Value[group], kept, removed);

    /// <summary>The groups whose parts of the cost change with one group's channels, that group included.</summary>
    public IReadOnlyList<int> NeighboursOf(int group) => _neighbours.Value[group];

    private Cost Sum(Terms terms, IReadOnlyList<int> kept, IReadOnlySet<Node>? removed)
    {
        // Planning asks this for every step that it considers: plain loops, and no look at nodes when none is gone.
        removed = removed is { Count: > 0 } ? removed : null;
        var (macs, parameters, channels, bytes, time) = (0L, 0L, 0L, 0L, 0.0);
        foreach (var (node, product, outputAxis, isGrouped) in terms.Macs)
        {
            if (removed is null || !removed.Contains(node))
            {
                macs = checked(macs + product.Evaluate(kept));
                time += _times is null ? 0 : TimeOf(_times, node, product, outputAxis, isGrouped, kept);
            }
        }

        foreach (var (value, product, size, isLearned) in terms.Stored)
        {
            var count = removed is null || value.Uses.Any(u => !removed.Contains(u.Node)) ? product.Evaluate(kept) : 0;
            parameters = checked(parameters + (isLearned ? count : 0));
            bytes = checked(bytes + (count * size));
        }

        foreach (var (node, nodeMacs, nodeParameters) in terms.Constants)
        {
            if (removed is null || !removed.Contains(node))
            {
                macs = checked(macs + nodeMacs);
                parameters = checked(parameters + nodeParameters);
            }
        }

        foreach (var (node, read, made) in terms.Biases)
        {
            var gets = (removed is null || !removed.Contains(node)) && read.Evaluate(kept) < read.Evaluate(Whole);
            var count = gets ? made.Evaluate(kept) : 0;
            (parameters, bytes) = (parameters + count, bytes + (count * sizeof(float)));
        }

        foreach (var (node, length) in terms.Outputs)
        {
            channels = checked(channels + (removed is null || !removed.Contains(node) ? length.Evaluate(kept) : 0));
        }

        return new Cost(macs, parameters, channels) { Time = (long)time, Bytes = bytes };
    }

    /// <summary>Every other cost is smaller than that of the whole.</summary>
    /// <exception cref="BrokenModelException">The stated sizes exceed 64 bits.</exception>
    private void CheckThatItCanBeCounted()
    {
        try
        {
            Evaluate(Whole);
        }
        catch (OverflowException e)
        {
            throw new BrokenModelException(
                "The sizes that the model states give more multiplications or parameters than can be counted.", e);
        }
    }

    private static double TimeOf(LayerTimes times, Node node, Product product, int outputAxis, bool isGrouped, IReadOnlyList<int> kept)
    {
        var (outputs, inputs) = (product.Lengths[outputAxis].Evaluate(kept), product.Lengths[1 - outputAxis].Evaluate(kept));
        return isGrouped ? times.OfGrouped(node, product.Factor, outputs, inputs) : times.Of(node, product.Factor, outputs, inputs);
    }

    /// <summary>MACs by node, in graph order, with all channels.</summary>
    public IEnumerable<(Node Node, long Macs)> MacsByNode() =>
        _all.Macs.Select(m => (m.Node, m.Product.Evaluate(Whole)))
            .Concat(_all.Constants.Where(c => c.Macs > 0).Select(c => (c.Node, c.Macs)));

    /// <summary>Parameters by constant, with all channels.</summary>
    public IEnumerable<(Value Value, long Parameters)> ParametersByValue() =>
        _all.Stored.Where(s => s.IsLearned).Select(s => (s.Value, s.Count.Evaluate(Whole)));

    /// <summary>The floating-point constants that nodes compute with; not running statistics, paddings, bounds and scale factors.</summary>
    private static IEnumerable<Value> Weights(ChannelGraph graph) => graph.Model.Graph.Nodes
        .Where(n => !graph.Constants.IsConstant(n))
        .SelectMany(n => n.Inputs.Select((value, index) => (Node: n, Value: value, Index: index)))
        .Where(u => u.Value is not null && !(u.Node is { OpType: "BatchNormalization", Domain: "" } && u.Index >= 3))
        .Where(u => u.Node.OpType is not ("Pad" or "Clip" or "Resize" or "Upsample" or "QuantizeLinear" or "DequantizeLinear"))
        .Select(u => u.Value!)
        .Distinct()
        .Where(v => graph.Constants[v] is { ElementType: var type } && type.IsFloatingPoint());

    private static long Size(ValueAxis axis, CostShapes shapes) =>
        shapes.Constants[axis.Value]?.Dims[axis.Axis] ?? shapes[axis.Value]?[axis.Axis] ?? 1;

    /// <summary>The terms that costs are sums of.</summary>
    private sealed record Terms(
        List<(Node Node, Product Product, int OutputAxis, bool IsGrouped)> Macs,
        List<(Value Value, Product Count, int ElementSize, bool IsLearned)> Stored,
        List<(Node Node, Length Read, Length Made)> Biases,
        List<(Node Node, Length Length)> Outputs,
        List<(Node Node, long Macs, long Parameters)> Constants)
    {
        /// <summary>Those that depend on a group.</summary>
        public Terms Of(int group) => new(
            [.. Macs.Where(m => m.Product.DependsOn(group))],
            [.. Stored.Where(s => s.Count.DependsOn(group))],
            [.. Biases.Where(b => b.Read.DependsOn(group) || b.Made.DependsOn(group))],
            [.. Outputs.Where(o => o.Length.DependsOn(group))],
            []);

        /// <summary>The groups that they depend on.</summary>
        public IEnumerable<int> Groups() => Macs.SelectMany(m => m.Product.Lengths)
            .Concat(Stored.SelectMany(s => s.Count.Lengths))
            .Concat(Biases.SelectMany(b => (Length[])[b.Read, b.Made]))
            .Concat(Outputs.Select(o => o.Length))
            .SelectMany(l => l.Groups)
            .Select(g => g.Group);
    }

    private sealed record Product(long Factor, Length[] Lengths)
    {
        public bool DependsOn(int group) => Lengths.Any(l => l.DependsOn(group));

        public long Evaluate(IReadOnlyList<int> kept)
        {
            var product = Factor;
            foreach (var length in Lengths.AsSpan())
            {
                product = checked(product * length.Evaluate(kept));
            }

            return product;
        }
    }

    /// <summary>The length of an axis: Constant + Σ Multiplicity · kept[Group].</summary>
    private sealed record Length(long Constant, (int Group, int Multiplicity)[] Groups)
    {
        public bool DependsOn(int group) => Array.Exists(Groups, g => g.Group == group);

        public long Evaluate(IReadOnlyList<int> kept)
        {
            var length = Constant;
            foreach (var (group, multiplicity) in Groups.AsSpan())
            {
                length += (long)multiplicity * kept[group];
            }

            return length;
        }
    }

    private sealed class LengthTable
    {
        private readonly ChannelGraph _graph;
        private readonly int[] _groupOf;
        private readonly Dictionary<int[], Length> _known = new(ReferenceEqualityComparer.Instance);

        public LengthTable(ChannelGraph graph)
        {
            _graph = graph;
            _groupOf = new int[graph.Count];
            Array.Fill(_groupOf, -1);
            for (var g = 0; g < graph.Groups.Count; g++)
            {
                foreach (var channel in graph.Groups[g].Channels)
                {
                    _groupOf[channel] = g;
                }
            }
        }

        public Length Of(ValueAxis axis, long size)
        {
            if (_graph.Channels(axis) is not { } channels)
            {
                return new Length(size, []);
            }

            if (!_known.TryGetValue(channels, out var length))
            {
                var groups = channels.Where(c => _groupOf[c] >= 0).GroupBy(c => _groupOf[c])
                    .Select(g => (g.Key, g.Count() / _graph.Groups[g.Key].Channels.Count)).ToArray();
                _known.Add(channels, length = new Length(channels.Count(c => _groupOf[c] < 0), groups));
            }

            return length;
        }
    }
}
