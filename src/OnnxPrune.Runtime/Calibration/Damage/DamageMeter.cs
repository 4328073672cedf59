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
    // Cuts of channels are measured with their readers repaired, removed blocks with nothing repaired. How much of the difference comes back was tried on CIFAR ResNets
    // (docs/measurements.md): at 1 too few blocks leave, at one half too many.
    private const double LeftByRepair = 0.85;

    // Damage between the measured counts is interpolated by the error that the layers themselves expect.
    private const int MeasuredOptions = 4;

    private readonly ChannelGraph _graph;
    private readonly Model _work;
    private readonly ConstantValues _constants = new();
    private readonly Dictionary<Node, LayerStatistics> _layers;
    private readonly Dictionary<Node, LayerStatistics> _closing;
    private readonly Dictionary<Reader, ReaderMask> _masks = [];

    /// <param name="graph">The original's channels.</param>
    /// <param name="statistics">Of the layers that read them.</param>
    public DamageMeter(ChannelGraph graph, IReadOnlyList<LayerStatistics> statistics)
    {
        _graph = graph;
        _work = OnnxFile.CloneWithShapes(graph.Model);

        // The statistics speak of the original's nodes; the copy has its own.
        var joins = BlockFinder.Find(_work, _constants).ToDictionary(b => b.Join, b => b.BranchInput);
        _layers = statistics.ToDictionary(s => s.Unit.Layer, s => s with { Unit = LayerUnit.Of(Own(s.Unit.Layer), joins, _constants)! });
        _closing = _layers.Where(p => p.Value.Unit.Join is not null).ToDictionary(p => p.Value.Unit.Join!, p => p.Value);

        // The other readers cannot make up for anything: they just stop to see the channels.
        foreach (var reader in graph.Groups.SelectMany(g => g.Readers).Distinct().Where(r => !_layers.ContainsKey(r.Node)))
        {
            if (ReaderMask.Fits(Own(reader.Node), reader.Input))
            {
                _masks.Add(reader, ReaderMask.Insert(graph, reader, _work.Graph, Own(reader.Node)));
            }
        }
    }

    public (IReadOnlyList<GroupDamage> Groups, IReadOnlyList<BlockDamage> Blocks) Measure(
        IReadOnlyList<int> groups,
        IReadOnlyList<ResidualBlock> blocks,
        Rounding rounding,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings,
        Action<double>? progress,
        CancellationToken cancellation)
    {
        using var cursor = new NetworkCursor(_work, batches, settings);
        var divergence = new OutputDivergence(_work, cursor);
        var (groupDamages, blockDamages) = (new List<GroupDamage>(), new List<BlockDamage>());
        var tasks = groups.Select(g => (Place: PlaceOf(g, cursor), Run: (Action)(() => groupDamages.Add(Measure(g, rounding, cursor, divergence)))))
            .Concat(blocks.Where(b => _closing.ContainsKey(Own(b.Join))).Select(b => (
                Place: cursor.PlaceOf(_closing[Own(b.Join)].Unit.Layer),
                Run: (Action)(() => blockDamages.Add(new BlockDamage(b, MeasureSilenced(_closing[Own(b.Join)], cursor, divergence)))))))
            .OrderBy(t => t.Place)
            .ToArray();
        for (var i = 0; i < tasks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            cursor.MoveBehind(tasks[i].Place - 1);
            tasks[i].Run();
            progress?.Invoke((double)(i + 1) / tasks.Length);
        }

        return (groupDamages, blockDamages);
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
        var measured = counts.Length <= MeasuredOptions
            ? counts
            : [.. Enumerable.Range(1, MeasuredOptions).Select(i => counts[(i * counts.Length / MeasuredOptions) - 1])];
        var left = group.Channels.ToList();
        var (order, expected) = (new List<int>(), new Dictionary<int, double>());
        var damages = new Dictionary<int, double>();
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

            if (measured.Contains(left.Count))
            {
                damages[left.Count] = Try(readers, masked, order, cursor, divergence);
            }
        }

        order.AddRange(left);
        return new GroupDamage(index, order, Interpolate(counts, expected, damages));
    }

    /// <summary>The share of the channels' energy that each of them has, by the weights that make it.</summary>
    private Dictionary<int, double> StrengthOf(ChannelGroup group)
    {
        var norms = new FilterNorm(2).Score(_graph, group) ?? [.. Enumerable.Repeat(1.0, group.Channels.Count)];
        var total = Math.Max(norms.Sum(n => n * n), double.Epsilon);
        return group.Channels.Zip(norms).ToDictionary(p => p.First, p => p.Second * p.Second / total);
    }

    private double Try(ReaderSurgery[] readers, Reader[] masked, List<int> gone, NetworkCursor cursor, OutputDivergence divergence)
    {
        var hidden = gone.ToHashSet();
        foreach (var reader in masked)
        {
            var channels = _graph.Channels(reader.Value, reader.Axis)!;
            _masks[reader].Hide(i => hidden.Contains(channels[i]));
        }

        foreach (var reader in readers)
        {
            reader.Write(_work.Graph, _constants);
        }

        var damage = divergence.Measure(cursor);
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

    /// <summary>The branch gives its mean and nothing else, and what follows makes up for a part of that.</summary>
    private double MeasureSilenced(LayerStatistics closing, NetworkCursor cursor, OutputDivergence divergence)
    {
        var (weights, shift) = closing.Unit.Effective(_constants);
        var spread = weights.RowCount / closing.Mean.Length;
        var mean = shift.Select((s, m) => s + Enumerable.Range(0, weights.RowCount).Sum(f => closing.Mean[f / spread] * weights[f, m])).ToArray();
        closing.Unit.Replace(_work.Graph, _constants, Matrix<double>.Build.Dense(weights.RowCount, weights.ColumnCount), mean);
        var damage = divergence.Measure(cursor);
        closing.Unit.Replace(_work.Graph, _constants, weights, shift);
        return LeftByRepair * damage;
    }

    private static (int Kept, double Damage)[] Interpolate(int[] counts, Dictionary<int, double> expected, Dictionary<int, double> measured)
    {
        var result = new (int Kept, double Damage)[counts.Length];
        var floor = 0.0;
        for (var i = 0; i < counts.Length; i++)
        {
            var nearest = measured.Keys.MinBy(k => Math.Abs(k - counts[i]));
            var damage = measured.TryGetValue(counts[i], out var known)
                ? known
                : measured[nearest] * (expected[nearest] > 0 ? expected[counts[i]] / expected[nearest] : 1);
            // More cut is never less damage: what says otherwise is noise.
            floor = Math.Max(floor, damage);
            result[i] = (counts[i], floor);
        }

        return result;
    }
}
