using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// A copy of the original whose weights change while cuts are tried on it, one after the other. What is tried at the same time needs a copy
/// of its own.
/// </summary>
internal sealed class WorkingCopy
{
    /// <param name="statistics">Of the original's layers.</param>
    public WorkingCopy(Model original, IReadOnlyList<LayerStatistics> statistics)
    {
        Model = original.Clone();

        // The statistics speak of the original's nodes; the copy has its own.
        var joins = BlockFinder.Find(Model, Constants).ToDictionary(b => b.Join, b => b.BranchInput);
        Layers = statistics.ToDictionary(s => s.Unit.Layer, s => s with { Unit = AffineLayer.Of(Own(s.Unit.Layer), joins, Constants)! });
    }

    public Model Model { get; }

    public ConstantValues Constants { get; } = new();

    /// <summary>The copy's layers by the original's.</summary>
    public IReadOnlyDictionary<Node, LayerStatistics> Layers { get; }

    /// <summary>The copy's node.</summary>
    public Node Own(Node original) => Model.Graph.Find(original.Output.Name)!.Producer!;
}
