using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Calibration.Activations;
using OnnxPrune.Runtime.Calibration.Fitting;
using OnnxPrune.Runtime.Calibration.Statistics;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Calibration.Damage;

/// <summary>
/// Measures what removing a residual block does to the network's outputs once the next block was repaired: its branch gives the mean of what it gave and nothing else, and the layers
/// behind it are fitted anew. How much that brings back differs from block to block by an order of magnitude. Neighbours, of which the first cannot be made up for by the second,
/// are measured together as well.
/// </summary>
internal sealed class BlockMeter
{
    // Layers behind a block that are repaired, at most: in some networks the next block is far away.
    private const int MostFollowers = 6;

    private readonly Model _original;
    private readonly Model _work;
    private readonly ConstantValues _constants;
    private readonly SequentialRepair _repair;
    private readonly IReadOnlyDictionary<Node, LayerStatistics> _closing;

    /// <param name="graph">The original's channels.</param>
    /// <param name="work">A copy of the original, whose weights change while something is measured.</param>
    /// <param name="constants">The copy's.</param>
    /// <param name="closing">The layers that end a branch, by the copy's join.</param>
    public BlockMeter(ChannelGraph graph, Model work, ConstantValues constants, IReadOnlyDictionary<Node, LayerStatistics> closing, SessionSettings settings)
    {
        (_original, _work, _constants, _closing) = (graph.Model, work, constants, closing);
        var twins = graph.Model.Graph.Nodes.Zip(work.Graph.Nodes).ToDictionary(p => p.First, p => p.Second);
        _repair = new SequentialRepair(graph, work, twins, [], new Dictionary<Node, SequentialRepair.OpenChoice>(), settings, isRough: true);
    }

    /// <summary>The layer of the working copy that ends the block's branch; null when the block cannot be measured.</summary>
    public Node? LayerOf(ResidualBlock block) => _closing.GetValueOrDefault(Own(block.Join))?.Unit.Layer;

    /// <summary>The damage of removing one block.</summary>
    /// <param name="original">Stands before the block, or is moved there.</param>
    /// <param name="cursor">The same with the working copy.</param>
    public double Measure(ResidualBlock block, NetworkCursor original, NetworkCursor cursor, OutputDivergence divergence) => MeasureWithout([block], original, cursor, divergence);

    /// <summary>For each block that is followed by another one of them: the damage of removing both.</summary>
    public IReadOnlyList<(ResidualBlock First, ResidualBlock Second, double Damage)> MeasureNeighbours(
        IReadOnlyList<ResidualBlock> blocks, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings, OutputDivergence divergence, CancellationToken cancellation)
    {
        var byJoin = blocks.ToDictionary(b => Own(b.Join));
        var pairs = blocks
            .Select(b => (First: b, Second: End(b) is { } join ? byJoin.GetValueOrDefault(join) : null))
            .Where(p => p.Second is not null && LayerOf(p.Second) is not null)
            .ToArray();
        if (pairs.Length == 0)
        {
            return [];
        }

        using var original = new NetworkCursor(_original, batches, settings);
        using var cursor = new NetworkCursor(_work, batches, settings);
        var result = new List<(ResidualBlock First, ResidualBlock Second, double Damage)>();
        foreach (var (first, second) in pairs.OrderBy(p => cursor.PlaceOf(LayerOf(p.First)!)))
        {
            cancellation.ThrowIfCancellationRequested();
            result.Add((first, second!, MeasureWithout([first, second!], original, cursor, divergence)));
        }

        return result;
    }

    private Node Own(Node original) => _work.Graph.Find(original.Output.Name)!.Producer!;

    private double MeasureWithout(IReadOnlyList<ResidualBlock> blocks, NetworkCursor original, NetworkCursor cursor, OutputDivergence divergence)
    {
        var first = LayerOf(blocks[0])!;
        SideBySide.Run(
            () => cursor.MoveBehind(cursor.PlaceOf(first) - 1),
            () => original.MoveBehind(original.PlaceOf(_original.Graph.Find(first.Output.Name)!) - 1));
        var silenced = blocks.Select(b => _closing[Own(b.Join)]).Select(c => (Closing: c, Before: c.Unit.Effective(_constants))).ToArray();
        var followers = Followers(silenced[^1].Closing.Unit.Layer).Select(p => (Pair: p, Before: p.Unit.Effective(_constants))).ToArray();
        foreach (var (closing, before) in silenced)
        {
            Silence(closing, before.Weights, before.Shift);
        }

        foreach (var (pair, _) in followers)
        {
            _repair.Repair(pair, original, cursor, new SeededRandom(0));
        }

        var damage = divergence.Measure(cursor);
        foreach (var (unit, before) in silenced.Select(s => (s.Closing.Unit, s.Before)).Concat(followers.Select(f => (f.Pair.Unit, f.Before))))
        {
            unit.Replace(_work.Graph, _constants, before.Weights, before.Shift);
        }

        return damage;
    }

    /// <summary>The branch gives its mean.</summary>
    private void Silence(LayerStatistics closing, Matrix<double> weights, double[] shift)
    {
        closing.Unit.Replace(
            _work.Graph, _constants, Matrix<double>.Build.Dense(weights.RowCount, weights.ColumnCount), [.. shift.Select((s, m) => s + closing.MeanOf(weights, m))]);
    }

    /// <summary>The join of the next block; null when there is none.</summary>
    private Node? End(ResidualBlock block) => LayerOf(block) is { } layer ? Followers(layer).LastOrDefault()?.Unit.Join : null;

    /// <summary>The layers behind one up to the end of the next block.</summary>
    private IEnumerable<UnitPair> Followers(Node closing)
    {
        var behind = _repair.Units.SkipWhile(u => u.Unit.Layer != closing).Skip(1).Take(MostFollowers).ToList();
        var end = behind.FindIndex(u => u.Unit.Join is not null);
        return end < 0 ? behind : behind.Take(end + 1);
    }
}
