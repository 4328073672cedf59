using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Channels;
using OnnxPrune.Importance;
using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// Measures what removing channels of one group, repaired, does to the network's outputs. The working copy is run up to the layer
/// that reads the channels, and from there on with that layer's weights changed.
/// </summary>
internal sealed class ChannelSensitivity
{
    private const int MostMeasured = 4;

    private readonly ChannelGraph _graph;
    private readonly WorkingCopy _copy;
    private readonly Dictionary<ChannelConsumer, ChannelMask> _masks = [];

    /// <param name="graph">The original's channels.</param>
    public ChannelSensitivity(ChannelGraph graph, WorkingCopy copy)
    {
        (_graph, _copy) = (graph, copy);

        // The other readers cannot make up for anything: they just stop to see the channels.
        foreach (var reader in graph.Groups.SelectMany(g => g.Consumers).Distinct().Where(r => !copy.Layers.ContainsKey(r.Node)))
        {
            if (ChannelMask.Fits(copy.Own(reader.Node), reader.Input))
            {
                _masks.Add(reader, ChannelMask.Insert(graph, reader, copy.Model.Graph, copy.Own(reader.Node)));
            }
        }
    }

    /// <summary>True if every node that reads the group has statistics or can be masked, so that it can be measured.</summary>
    public bool CanMeasure(int group) => _graph.Groups[group].Consumers is { Count: > 0 } readers
        && readers.All(r => _copy.Layers.ContainsKey(r.Node) || _masks.ContainsKey(r));

    /// <summary>Measures groups in the order in which the network reads them.</summary>
    /// <param name="cursor">Moves through the working copy.</param>
    /// <param name="done">Called after each.</param>
    public IReadOnlyList<GroupDamage> Measure(
        IReadOnlyList<int> groups, Rounding rounding, LayerwiseExecutor cursor, OutputDivergence divergence, Action done,
        CancellationToken cancellation)
    {
        var damages = new List<GroupDamage>();
        foreach (var (group, place) in groups.Select(g => (g, PlaceOf(g, cursor))).OrderBy(p => p.Item2))
        {
            cancellation.ThrowIfCancellationRequested();
            cursor.MoveBehind(place - 1);
            damages.Add(Measure(group, rounding, cursor, divergence));
            done();
        }

        return damages;
    }

    private int PlaceOf(int group, LayerwiseExecutor cursor) =>
        _graph.Groups[group].Consumers.Min(r => cursor.PlaceOf(_masks.TryGetValue(r, out var mask) ? mask.Node : _copy.Own(r.Node)));

    private GroupDamage Measure(int index, Rounding rounding, LayerwiseExecutor cursor, OutputDivergence divergence)
    {
        var group = _graph.Groups[index];
        var readers = group.Consumers.Where(r => _copy.Layers.ContainsKey(r.Node))
            .Select(r => new ChannelElimination(_copy.Layers[r.Node], _graph.Channels(r.Value, r.Axis)!, _copy.Constants))
            .ToArray();
        var masked = group.Consumers.Where(_masks.ContainsKey).ToArray();
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
                .Take(Math.Min(OptimalBrainSurgeon.AtOnce(left.Count), left.Count - counts.First(k => k < left.Count)))
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
        var damages = SensitivityCurve.Over(
            Array.ConvertAll(counts, k => expected[k]),
            [.. measurable.Select(k => Array.IndexOf(counts, k))],
            i => Try(readers, weights[counts[i]], masked, order.Take(group.Channels.Count - counts[i]), () =>
                tail is null ? divergence.Measure(cursor) : divergence.Measure(tail)));
        return new GroupDamage(index, order, [.. counts.Zip(damages)]);
    }

    /// <summary>The share of the channels' energy that each of them has, by the weights that make it.</summary>
    private Dictionary<int, double> StrengthOf(ChannelGroup group)
    {
        var norms = new FilterNorm(2).Score(_graph, group) ?? [.. Enumerable.Repeat(1.0, group.Channels.Count)];
        var total = Math.Max(norms.Sum(n => n * n), double.Epsilon);
        return group.Channels.Zip(norms).ToDictionary(p => p.First, p => p.Second * p.Second / total);
    }

    private double Try(
        ChannelElimination[] readers, Matrix<double>[] weights, ChannelConsumer[] masked, IEnumerable<int> gone, Func<double> measure)
    {
        var hidden = gone.ToHashSet();
        foreach (var reader in masked)
        {
            var channels = _graph.Channels(reader.Value, reader.Axis)!;
            _masks[reader].Hide(i => hidden.Contains(channels[i]));
        }

        foreach (var (reader, left) in readers.Zip(weights))
        {
            reader.Write(_copy.Model.Graph, _copy.Constants, left);
        }

        var damage = measure();
        foreach (var reader in readers)
        {
            reader.Restore(_copy.Model.Graph, _copy.Constants);
        }

        foreach (var reader in masked)
        {
            _masks[reader].Hide(_ => false);
        }

        return damage;
    }

    /// <summary>
    /// The counts to measure at, falling: spread evenly, and whole multiples where they are near, since those are what most cuts end at.
    /// </summary>
    private static int[] Measurable(int[] counts, int multiple)
    {
        if (counts.Length <= MostMeasured)
        {
            return counts;
        }

        var even = Enumerable.Range(1, MostMeasured).Select(i => counts[(i * counts.Length / MostMeasured) - 1]);
        var near = (counts[0] - counts[1]) * counts.Length / (2 * MostMeasured);
        return [.. even
            .Select(k => counts.Where(c => c % multiple == 0 && Math.Abs(c - k) <= near).DefaultIfEmpty(k).MinBy(c => Math.Abs(c - k)))
            .Append(counts[^1])
            .Distinct()];
    }
}
