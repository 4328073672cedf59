using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>
/// Fits the layers of a pruned network together, region by region in topological order: each to what the original gives there, from what
/// the pruned network gives it by then. Layers that were fitted one by one keep doing what they did; fitted together, those that are left
/// of a block can share its work anew.
/// </summary>
internal sealed class BlockReconstruction
{
    // What samples of one region may take, in elements.
    private const long MostElements = 3 << 24;

    // What the original gives at the ends of all regions, in elements, beside what the networks themselves hold.
    private const long MostHeld = 1 << 27;

    // Of regions that are joined: more layers, or more of what they compute from one sample, take more memory and give nothing.
    private const int MostLayers = 10;
    private const long MostElementsOfChain = 1 << 20;

    // Beyond so many targets for every weight, more samples tell a region nothing new.
    private const long TargetsPerWeight = 1024;

    // Forward passes; gradients cost about twice as much again.
    private const double MostMacsPerEpoch = 2.2e11;

    private readonly ChannelGraph _graph;
    private readonly IReadOnlySet<int> _leaving;
    private readonly Model _pruned;
    private readonly SessionSettings _settings;
    private readonly IReadOnlyList<IReadOnlyDictionary<string, Tensor>> _batches;
    private readonly IReadOnlyDictionary<Value, Shape> _shapes;

    /// <param name="graph">The original's channels; its model is not changed.</param>
    /// <param name="leaving">The channels that have left.</param>
    /// <param name="pruned">The same without them, with the names of the original; its weights change.</param>
    /// <param name="batches">Inputs of the network; at least two.</param>
    public BlockReconstruction(
        ChannelGraph graph, IReadOnlySet<int> leaving, Model pruned, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings)
    {
        (_graph, _leaving, _pruned, _batches, _settings) = (graph, leaving, pruned, batches, settings);
        var sizes = batches[0].ToDictionary(i => i.Key, i => i.Value.Dims.ToArray());
        _shapes = ShapeInference.Read(pruned, sizes, "the pruned model").ToDictionary(p => p.Key, p => p.Value.Shape);
    }

    /// <summary>The values of the original that regions are fitted to; none where they are too much to be held until then.</summary>
    public IReadOnlyList<Value> Ends(IRegionFitter fitter)
    {
        var ends = Regions(fitter).Select(r => (Region: r, Target: TargetOf(r)!.Value)).ToArray();
        return ends.Sum(e => ElementsOf(e.Region.Output, e.Target)) <= MostHeld ? [.. ends.Select(e => e.Target.Value)] : [];
    }

    /// <param name="passed">A cursor through the original that may have held the ends of regions; it serves where it still reaches them
    /// all.</param>
    /// <param name="progress">Called with the share that is done.</param>
    /// <returns>How many regions have changed.</returns>
    public int Run(IRegionFitter fitter, LayerwiseExecutor passed, long seed, Action<double>? progress, CancellationToken cancellation)
    {
        var parts = Regions(fitter).Select(r => (Region: r, Target: TargetOf(r))).ToArray();
        var epochs =
            (int)Math.Clamp(fitter.MostEpochs * MostMacsPerEpoch / (parts.Sum(p => Macs(p.Region)) * _batches.Count), 1, fitter.MostEpochs);
        using var again = parts.All(p => passed.Reaches(p.Target!.Value.Value))
            ? null
            : new LayerwiseExecutor(_graph.Model, _batches, _settings);
        var original = again ?? passed;
        using var pruned = new LayerwiseExecutor(_pruned, _batches, _settings);
        var changed = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (region, target) = (parts[i].Region, parts[i].Target!.Value);

            // Regions may interleave: what is still to be fitted lies before the pruned network's cursor, and what it is to come to is
            // kept.
            Concurrently.Run(
                () => pruned.MoveBehind(parts.Skip(i).Min(p => p.Region.Nodes.Min(pruned.PlaceOf)) - 1),
                () => original.MoveBehind(original.PlaceOf(target.Value), parts.Skip(i).Select(p => p.Target!.Value.Value)),
                _settings.Threads);
            var samples = Samples(region, pruned, target, original);
            if (fitter.Fit(new RegionTask(_pruned, _shapes, region, samples, epochs, seed + i), cancellation))
            {
                changed++;
            }

            progress?.Invoke((i + 1.0) / parts.Length);
        }

        return changed;
    }

    /// <summary>Blocks in groups that follow each other, as long as a group is not too large to fit as one.</summary>
    private IReadOnlyList<Region> Regions(IRegionFitter fitter)
    {
        var constants = new ConstantValues();
        var regions = RegionFinder.Find(_pruned, constants).Where(r => TargetOf(r) is not null && r.Nodes.All(fitter.Knows)).ToArray();
        return RegionChain.Join(regions, constants, r =>
            r.Layers.Count <= MostLayers && r.Layers.Sum(Elements) <= MostElementsOfChain && r.Nodes.All(fitter.Knows));
    }

    /// <summary>
    /// The counterpart of a region's output in the original, and the axis of its channels; null where it is not the same any more.
    /// </summary>
    private ValueAxis? TargetOf(Region region)
    {
        var (own, there) = (region.Output, _graph.Model.Graph.Find(region.Output.Name));
        if (there is not { Producer: { } producer, ElementType: ElementType.Float or ElementType.Float16 or ElementType.Double }
            || producer.OpType != own.Producer!.OpType
            || !_shapes.TryGetValue(own, out var shape) || shape.Rank < 2)
        {
            return null;
        }

        // Axis 1 as in images, or the last as in tokens.
        int[] axes = [1, shape.Rank - 1];
        return axes.Where(axis =>
            _graph.Channels(there, axis) is { } channels && shape[axis].Size == channels.Count(c => !_leaving.Contains(c)))
            .Select(axis => new ValueAxis(there, axis)).Cast<ValueAxis?>().FirstOrDefault();
    }

    /// <summary>The original's outputs there on all batches.</summary>
    private double ElementsOf(Value output, ValueAxis target)
    {
        var shape = _shapes[output];
        var others = shape.Where((_, axis) => axis != target.Axis).Aggregate(1.0, (all, d) => all * (d.Size ?? double.PositiveInfinity));
        return others * _graph.Channels(target.Value, target.Axis)!.Length * _batches.Count;
    }

    /// <summary>Multiply-accumulates for one batch.</summary>
    private double Macs(Region region)
    {
        var macs = 0.0;
        foreach (var layer in region.Layers)
        {
            if (layer.Input(1)?.Initializer is { } weight
                && _shapes.TryGetValue(layer.Output, out var shape)
                && shape.All(d => d.Size is not null))
            {
                var outputs = layer.OpType.StartsWith("Conv", StringComparison.Ordinal) ? shape[1].Size : shape[shape.Rank - 1].Size;
                macs += weight.Count * shape.Aggregate(1.0, (a, d) => a * d.Size!.Value) / outputs!.Value;
            }
        }

        return macs;
    }

    /// <summary>The output of a layer for one sample.</summary>
    private long Elements(Node layer) =>
        _shapes.TryGetValue(layer.Output, out var shape) && shape.All(d => d.Size is not null)
            ? shape.Skip(1).Aggregate(1L, (all, d) => all * d.Size!.Value)
            : MostElementsOfChain;

    private IEnumerable<RegionSamples> Samples(Region region, LayerwiseExecutor pruned, ValueAxis target, LayerwiseExecutor original)
    {
        var input = region.Input;
        var enough = TargetsPerWeight * region.Layers.Sum(l => l.Input(1)?.Initializer?.Count ?? 0);
        var channels = _graph.Channels(target.Value, target.Axis)!;
        int[] kept = [.. Enumerable.Range(0, channels.Length).Where(i => !_leaving.Contains(channels[i]))];
        var (elements, targets) = (0L, 0L);
        foreach (var (x, t) in pruned.Look([input]).Zip(original.Look([target.Value])))
        {
            var (given, wanted) = (Copy(x[input]), Copy(t[target.Value]));
            yield return new RegionSamples(given, kept.Length == channels.Length ? wanted : wanted.Take(target.Axis, kept));
            elements += given.Count + wanted.Count;
            targets += wanted.Count / channels.Length * kept.Length;
            if (elements > MostElements || targets > enough)
            {
                yield break;
            }
        }
    }

    private static Tensor Copy(OrtValue value) => RuntimeTensor.ToTensor(value, "A value inside the network");
}
