using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Calibration;

/// <summary>What a repair did to one layer.</summary>
/// <param name="Unexplained">The share of its target's variation that the repaired layer does not give.</param>
public sealed record RepairedLayer(string Name, double Strength, double Unexplained);

/// <summary>
/// Repairs a pruned network from unlabelled inputs, layer by layer in topological order, each on what the pruned network gives it by
/// then. A layer that ends a residual branch is fitted to the original's sum minus the pruned shortcut, so that it makes up for every
/// error before it, removed blocks included; a layer that lost input channels elsewhere is fitted to its own original output.
/// </summary>
public sealed class CalibratedRepair
{
    // More rows than this per unknown no longer change the fit.
    private const int RowsPerFeature = 24;
    private const int FewestRows = 8192;

    private readonly Model _original;
    private readonly Model _pruned;
    private readonly ChannelGraph _graph;
    private readonly IReadOnlySet<int> _leaving;
    private readonly SessionSettings _settings;

    /// <param name="original">With shapes; is not changed.</param>
    /// <param name="pruned">A copy of the original to which the plan was applied, with shapes; its weights change.</param>
    public CalibratedRepair(Model original, Model pruned, PruningPlan plan, SessionSettings settings)
    {
        (_original, _pruned, _settings) = (original, pruned, settings);
        _graph = ChannelFlow.Through(original);
        _leaving = PlanLookup.Channels(plan, _graph);
    }

    /// <summary>Repairs in place.</summary>
    /// <param name="batches">Inputs of the network; at least two.</param>
    /// <param name="progress">Called with the share that is done.</param>
    public IReadOnlyList<RepairedLayer> Run(
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, long seed, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        var constants = new ConstantValues();
        var units = Units(constants);
        var done = new List<RepairedLayer>();
        using var original = new NetworkCursor(_original, batches, _settings);
        using var pruned = new NetworkCursor(_pruned, batches, _settings);
        foreach (var unit in units)
        {
            cancellation.ThrowIfCancellationRequested();
            var target = _original.Graph.Find(unit.Output.Name)!;
            var fit = Fit(unit, target, original, pruned, constants, new SeededRandom(seed + done.Count));
            unit.Replace(_pruned.Graph, constants, fit.Weights, fit.Intercept);
            done.Add(new RepairedLayer(unit.Layer.Label, fit.Strength, fit.Unexplained));
            original.MoveBehind(original.PlaceOf(target.Producer!));
            pruned.MoveBehind(pruned.PlaceOf(unit.Output.Producer!));
            progress?.Invoke((double)done.Count / units.Count);
        }

        return done;
    }

    /// <summary>The layers to repair: those that end a residual branch after the first loss, and those that lost input channels.</summary>
    private List<LayerUnit> Units(ConstantValues constants)
    {
        var joins = BlockFinder.Find(_pruned, constants).ToDictionary(b => b.Join, b => b.BranchInput);
        var units = new List<LayerUnit>();
        foreach (var node in _pruned.Graph.TopologicalOrder())
        {
            if (LayerUnit.Of(node, joins, constants) is not { } unit || _original.Graph.Find(unit.Output.Name)?.Producer is null)
            {
                continue;
            }

            var counterpart = _original.Graph.Find(node.Output.Name)?.Producer;
            var lostInputs = counterpart is not null && counterpart.Required(0).Shape is { } before && unit.Input.Shape is { } after && before[1].Size != after[1].Size;
            if (lostInputs || unit.Join is not null)
            {
                units.Add(unit);
            }
        }

        return units;
    }

    private RidgeRegression.Fit Fit(LayerUnit unit, Value target, NetworkCursor original, NetworkCursor pruned, ConstantValues constants, SeededRandom random)
    {
        var (prior, _) = unit.Effective(constants);
        var weight = constants[unit.Layer.Inputs[1]]!;
        var keep = _graph.Channels(target, 1) is { } channels ? Keep.Where(channels.Length, i => !_leaving.Contains(channels[i])) : null;
        var halves = (A: new NormalEquations(prior.RowCount, prior.ColumnCount), B: new NormalEquations(prior.RowCount, prior.ColumnCount));
        var wanted = unit.Shortcut is { } shortcut ? new[] { unit.Input, shortcut } : [unit.Input];
        RegressionStatistics? statistics = null;
        ConvWindow? window = null;
        var batch = 0;
        try
        {
            foreach (var (x, t) in pruned.Look(wanted).Zip(original.Look([target])))
            {
                if (statistics is null)
                {
                    var (input, output) = (Dims(x[unit.Input]), Dims(t[target]));
                    window = unit.Layer.OpType == "Conv" ? ConvWindow.Of(unit.Layer, input, output, weight.Dims) : null;
                    var taps = window?.Kernel.Aggregate(1L, (a, b) => a * b) ?? 1;
                    statistics = new RegressionStatistics(window, unit.Input.ElementType, input.Length, weight.Dims[unit.Layer.OpType == "Conv" ? 1 : 0], taps, true, unit.Shortcut is not null, keep);
                }

                var samples = Dims(x[unit.Input])[0] * pruned.Batches;
                var rows = Math.Max(FewestRows, RowsPerFeature * prior.RowCount);
                var plan = window is null ? null : SamplePlan.ForConv(window, (int)Math.Max(1, (rows + samples - 1) / samples), random);
                statistics.Add(batch++ % 2 == 0 ? halves.A : halves.B, x[unit.Input], t[target], unit.Shortcut is { } s ? x[s] : null, plan);
            }
        }
        finally
        {
            statistics?.Dispose();
        }

        return RidgeRegression.Solve(halves, prior);
    }

    private static long[] Dims(OrtValue value) => value.GetTensorTypeAndShape().Shape;
}
