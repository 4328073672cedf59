using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Calibration.Activations;
using OnnxPrune.Runtime.Calibration.Statistics;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration.Damage;

/// <summary>
/// Measures what each cut by itself, repaired, does to the network's outputs. A working copy of the original is run up to the layer
/// that reads the channels, and from there on with that layer's weights changed.
/// </summary>
internal sealed class DamageMeter
{
    private const int MostMeasured = 4;

    private readonly ChannelGraph _graph;
    private readonly SessionSettings _settings;
    private readonly Model _work;
    private readonly ConstantValues _constants = new();
    private readonly Dictionary<Node, LayerStatistics> _layers;
    private readonly BlockMeter _blocks;
    private readonly Dictionary<Reader, ReaderMask> _masks = [];

    /// <param name="graph">The original's channels.</param>
    /// <param name="statistics">Of the layers that read them.</param>
    public DamageMeter(ChannelGraph graph, IReadOnlyList<LayerStatistics> statistics, SessionSettings settings)
    {
        (_graph, _settings) = (graph, settings);
        _work = OnnxFile.CloneWithShapes(graph.Model);

        // The statistics speak of the original's nodes; the copy has its own.
        var joins = BlockFinder.Find(_work, _constants).ToDictionary(b => b.Join, b => b.BranchInput);
        _layers = statistics.ToDictionary(s => s.Unit.Layer, s => s with { Unit = LayerUnit.Of(Own(s.Unit.Layer), joins, _constants)! });
        _blocks = new BlockMeter(graph, _work, _constants, _layers.Values.Where(l => l.Unit.Join is not null).ToDictionary(l => l.Unit.Join!), settings);

        // The other readers cannot make up for anything: they just stop to see the channels.
        foreach (var reader in graph.Groups.SelectMany(g => g.Readers).Distinct().Where(r => !_layers.ContainsKey(r.Node)))
        {
            if (ReaderMask.Fits(Own(reader.Node), reader.Input))
            {
                _masks.Add(reader, ReaderMask.Insert(graph, reader, _work.Graph, Own(reader.Node)));
            }
        }
    }

    /// <param name="batches">Inputs to run the network on.</param>
    public (IReadOnlyList<GroupDamage> Groups, IReadOnlyList<BlockDamage> Blocks) Measure(
        IReadOnlyList<int> groups,
        IReadOnlyList<ResidualBlock> blocks,
        Rounding rounding,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        Action<double>? progress,
        CancellationToken cancellation)
    {
        using var original = new NetworkCursor(_graph.Model, batches, _settings);
        using var cursor = new NetworkCursor(_work, batches, _settings);
        var divergence = new OutputDivergence(_work, cursor);
        var (groupDamages, blockDamages) = (new List<GroupDamage>(), new Dictionary<ResidualBlock, double>());
        var tasks = groups.Select(g => (Place: PlaceOf(g, cursor), Run: (Action)(() => groupDamages.Add(Measure(g, rounding, cursor, divergence)))))
            .Concat(blocks.Where(b => _blocks.LayerOf(b) is not null).Select(b => (
                Place: cursor.PlaceOf(_blocks.LayerOf(b)!),
                Run: (Action)(() => blockDamages.Add(b, _blocks.Measure(b, original, cursor, divergence))))))
            .OrderBy(t => t.Place)
            .ToArray();
        for (var i = 0; i < tasks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            cursor.MoveBehind(tasks[i].Place - 1);
            tasks[i].Run();
            progress?.Invoke((double)(i + 1) / tasks.Length);
        }

        // Where one of two neighbours is too dear to go, it does not matter what both do together.
        var dearest = blockDamages.Values.Order().ElementAtOrDefault(blockDamages.Count / 2);
        var cheap = blocks.Where(b => blockDamages.TryGetValue(b, out var damage) && damage <= dearest).ToArray();
        var together = _blocks.MeasureNeighbours(cheap, batches, _settings, divergence, cancellation).ToDictionary(p => p.First);
        return (groupDamages, [.. blocks.Where(blockDamages.ContainsKey).Select(b => new BlockDamage(b, blockDamages[b])
        {
            Together = together.TryGetValue(b, out var pair) ? (pair.Second, pair.Damage) : null,
        })]);
    }

    /// <summary>Whether every node that reads the group has statistics or can be masked, so that it can be measured.</summary>
    public bool CanMeasure(int group) => _graph.Groups[group].Readers is { Count: > 0 } readers && readers.All(r => _layers.ContainsKey(r.Node) || _masks.ContainsKey(r));

    private Node Own(Node original) => _work.Graph.Find(original.Output.Name)!.Producer!;

    private int PlaceOf(int group, NetworkCursor cursor) =>
        _graph.Groups[group].Readers.Min(r => cursor.PlaceOf(_masks.TryGetValue(r, out var mask) ? mask.Node : Own(r.Node)));

    /// <summary>How many of so many channels leave together: of a hundred by one, of a thousand by eight, which costs an eighth of the time.</summary>
    internal static int AtOnce(int count) => 1 + (count / 128);

    private GroupDamage Measure(int index, Rounding rounding, NetworkCursor cursor, OutputDivergence divergence)
    {
        var group = _graph.Groups[index];
        var readers = group.Readers.Where(r => _layers.ContainsKey(r.Node)).Select(r => new ReaderSurgery(_layers[r.Node], _graph.Channels(r.Value, r.Axis)!, _constants)).ToArray();
        var masked = group.Readers.Where(_masks.ContainsKey).ToArray();
        var strength = masked.Length > 0 ? StrengthOf(group) : [];
        var counts = rounding.Counts(group).Skip(1).ToArray();
        var measurable = Measurable(counts, rounding.Multiple);
        var left = group.Channels.ToList();
        var (order, expected, weights) = (new List<int>(), new Dictionary<int, double>(), new Dictionary<int, Matrix<double>[]>());
        var total = 0.0;
        while (counts.Length > 0 && left.Count > counts[^1])
        {
            var next = left.Select(c => (Channel: c, Cost: readers.Sum(r => r.CostOf(c)) + (masked.Length * strength.GetValueOrDefault(c))))
                .OrderBy(p => p.Cost)
                .Take(Math.Min(AtOnce(left.Count), left.Count - counts.First(k => k < left.Count)))
                .ToArray();
            foreach (var reader in readers)
            {
                reader.Remove(next.Select(n => n.Channel));
            }

            foreach (var (channel, cost) in next)
            {
                left.Remove(channel);
                order.Add(channel);
                total += cost;
                expected[left.Count] = total;
            }

            if (measurable.Contains(left.Count))
            {
                weights.Add(left.Count, Array.ConvertAll(readers, r => r.Weights()));
            }
        }

        order.AddRange(left);
        if (counts.Length == 0)
        {
            return new GroupDamage(index, order, []);
        }

        // The network behind a single reader is the same for all counts.
        using var tail = readers.Length == 1 && masked.Length == 0 ? divergence.Behind(cursor, readers[0].Output) : null;
        var damages = DamageCurve.Over(
            Array.ConvertAll(counts, k => expected[k]),
            [.. measurable.Select(k => Array.IndexOf(counts, k))],
            i => Try(readers, weights[counts[i]], masked, order.Take(group.Channels.Count - counts[i]), () => tail is null ? divergence.Measure(cursor) : divergence.Measure(tail)));
        return new GroupDamage(index, order, [.. counts.Zip(damages)]);
    }

    /// <summary>The share of the channels' energy that each of them has, by the weights that make it.</summary>
    private Dictionary<int, double> StrengthOf(ChannelGroup group)
    {
        var norms = new FilterNorm(2).Score(_graph, group) ?? [.. Enumerable.Repeat(1.0, group.Channels.Count)];
        var total = Math.Max(norms.Sum(n => n * n), double.Epsilon);
        return group.Channels.Zip(norms).ToDictionary(p => p.First, p => p.Second * p.Second / total);
    }

    private double Try(ReaderSurgery[] readers, Matrix<double>[] weights, Reader[] masked, IEnumerable<int> gone, Func<double> measure)
    {
        var hidden = gone.ToHashSet();
        foreach (var reader in masked)
        {
            var channels = _graph.Channels(reader.Value, reader.Axis)!;
            _masks[reader].Hide(i => hidden.Contains(channels[i]));
        }

        foreach (var (reader, left) in readers.Zip(weights))
        {
            reader.Write(_work.Graph, _constants, left);
        }

        var damage = measure();
        foreach (var reader in readers)
        {
            reader.Restore(_work.Graph, _constants);
        }

        foreach (var reader in masked)
        {
            _masks[reader].Hide(_ => false);
        }

        return damage;
    }

    /// <summary>The counts to measure at, falling: spread evenly, and whole multiples where they are near, since those are what most cuts end at.</summary>
    private static int[] Measurable(int[] counts, int multiple)
    {
        if (counts.Length <= MostMeasured)
        {
            return counts;
        }

        var even = Enumerable.Range(1, MostMeasured).Select(i => counts[(i * counts.Length / MostMeasured) - 1]);
        var near = (counts[0] - counts[1]) * counts.Length / (2 * MostMeasured);
        return [.. even.Select(k => counts.Where(c => c % multiple == 0 && Math.Abs(c - k) <= near).DefaultIfEmpty(k).MinBy(c => Math.Abs(c - k))).Append(counts[^1]).Distinct()];
    }
}
