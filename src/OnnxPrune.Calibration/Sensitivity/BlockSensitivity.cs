using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// Measures what removing a residual block does to the network's outputs once the next block was repaired: its branch gives the mean of
/// what it gave and nothing else, and the layers behind it are fitted anew. How much that brings back differs from block to block by an
/// order of magnitude. Neighbours, of which the first cannot be made up for by the second, are measured together as well.
/// </summary>
internal sealed class BlockSensitivity
{
    // Layers behind a block that are repaired, at most: in some networks the next block is far away.
    private const int MostFollowers = 6;

    private readonly Model _original;
    private readonly WorkingCopy _copy;
    private readonly SessionSettings _settings;
    private readonly LayerwiseReconstruction _repair;
    private readonly IReadOnlyDictionary<Node, LayerStatistics> _closing;

    /// <param name="graph">The original's channels.</param>
    public BlockSensitivity(ChannelGraph graph, WorkingCopy copy, SessionSettings settings)
    {
        (_original, _copy, _settings) = (graph.Model, copy, settings);
        _closing = copy.Layers.Values.Where(l => l.Unit.Join is not null).ToDictionary(l => l.Unit.Join!);
        var twins = graph.Model.Graph.Nodes.Zip(copy.Model.Graph.Nodes).ToDictionary(p => p.First, p => p.Second);
        _repair = new LayerwiseReconstruction(
            graph, copy.Model, twins, [], new Dictionary<Node, LayerwiseReconstruction.OpenChoice>(), settings, isRough: true);
    }

    /// <summary>True if the damage of removing the block can be measured.</summary>
    public bool CanMeasure(ResidualBlock block) => LayerOf(block) is not null;

    /// <summary>Measures blocks by themselves, and those that are cheap together with the next one.</summary>
    /// <param name="done">Called after each block.</param>
    public IReadOnlyList<BlockDamage> Measure(
        IReadOnlyList<ResidualBlock> blocks, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, OutputDivergence divergence,
        Action done, CancellationToken cancellation)
    {
        var alone = MeasureEach([.. blocks.Select(b => (ResidualBlock[])[b])], batches, divergence, done, cancellation);

        // Where one of two neighbours is too dear to go, it does not matter what both do together.
        var dearest = alone.Values.Order().ElementAtOrDefault(alone.Count / 2);
        var cheap = alone.Where(p => p.Value <= dearest).ToDictionary(p => _copy.Own(p.Key.Join), p => p.Key);
        var next = cheap.Values.ToDictionary(b => b, b => End(b) is { } join ? cheap.GetValueOrDefault(join) : null);
        ResidualBlock[][] pairs = [.. next.Where(p => p.Value is not null).Select(p => (ResidualBlock[])[p.Key, p.Value!])];
        var both = MeasureEach(pairs, batches, divergence, null, cancellation);
        return [.. blocks.Select(b => new BlockDamage(b, alone[b])
        {
            Together = both.TryGetValue(b, out var damage) ? (next[b]!, damage) : null,
        })];
    }

    /// <summary>The damage of removing runs of blocks, by the first of each.</summary>
    private Dictionary<ResidualBlock, double> MeasureEach(
        ResidualBlock[][] runs, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, OutputDivergence divergence, Action? done,
        CancellationToken cancellation)
    {
        var damages = new Dictionary<ResidualBlock, double>();
        if (runs.Length > 0)
        {
            using var original = new LayerwiseExecutor(_original, batches, _settings);
            using var cursor = new LayerwiseExecutor(_copy.Model, batches, _settings);
            foreach (var run in runs.OrderBy(r => cursor.PlaceOf(LayerOf(r[0])!)))
            {
                cancellation.ThrowIfCancellationRequested();
                damages.Add(run[0], MeasureWithout(run, original, cursor, divergence));
                done?.Invoke();
            }
        }

        return damages;
    }

    /// <summary>The layer of the working copy that ends the block's branch.</summary>
    private Node? LayerOf(ResidualBlock block) => _closing.GetValueOrDefault(_copy.Own(block.Join))?.Unit.Layer;

    private double MeasureWithout(
        IReadOnlyList<ResidualBlock> blocks, LayerwiseExecutor original, LayerwiseExecutor cursor, OutputDivergence divergence)
    {
        var first = LayerOf(blocks[0])!;
        Concurrently.Run(
            () => cursor.MoveBehind(cursor.PlaceOf(first) - 1),
            () => original.MoveBehind(original.PlaceOf(_original.Graph.Find(first.Output.Name)!) - 1),
            _settings.Threads);
        var silenced = blocks
            .Select(b => _closing[_copy.Own(b.Join)])
            .Select(c => (Closing: c, Before: c.Unit.FoldedWeights(_copy.Constants)))
            .ToArray();
        var followers = Followers(silenced[^1].Closing.Unit.Layer)
            .Select(p => (Pair: p, Before: p.Unit.FoldedWeights(_copy.Constants)))
            .ToArray();
        foreach (var (closing, before) in silenced)
        {
            Silence(closing, before.Weights, before.Shift);
        }

        foreach (var (pair, _) in followers)
        {
            _repair.Repair(pair, original, cursor, new SeededRandom(0));
        }

        var damage = divergence.Measure(cursor);
        foreach (var (unit, before) in silenced
            .Select(s => (s.Closing.Unit, s.Before))
            .Concat(followers.Select(f => (f.Pair.Unit, f.Before))))
        {
            unit.Replace(_copy.Model.Graph, _copy.Constants, before.Weights, before.Shift);
        }

        return damage;
    }

    /// <summary>The branch gives its mean.</summary>
    private void Silence(LayerStatistics closing, Matrix<double> weights, double[] shift)
    {
        closing.Unit.Replace(
            _copy.Model.Graph, _copy.Constants, Matrix<double>.Build.Dense(weights.RowCount, weights.ColumnCount),
            [.. shift.Select((s, m) => s + closing.MeanOf(weights, m))]);
    }

    /// <summary>The join of the next block; null when there is none.</summary>
    private Node? End(ResidualBlock block) => LayerOf(block) is { } layer ? Followers(layer).LastOrDefault()?.Unit.Join : null;

    /// <summary>The layers behind one up to the end of the next block.</summary>
    private IEnumerable<LayerPair> Followers(Node closing)
    {
        var behind = _repair.Units.SkipWhile(u => u.Unit.Layer != closing).Skip(1).Take(MostFollowers).ToList();
        var end = behind.FindIndex(u => u.Unit.Join is not null);
        return end < 0 ? behind : behind.Take(end + 1);
    }
}
