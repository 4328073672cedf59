using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>
/// The oracle: for any plan, the pruned model computes what the original computes with those channels and branches set to zero, to
/// float rounding.
/// </summary>
public static class MaskedEqualsPruned
{
    /// <summary>
    /// Float32 rounding through a deep network of several hundred layers stays below this, relative to the output's size; a single
    /// wrong channel is off by orders of magnitude more.
    /// </summary>
    public const double Tolerance = 1e-4;

    /// <summary>Prunes a copy of the model by the plan, masks another, and compares what ONNX Runtime makes of both.</summary>
    /// <returns>The relative error ‖masked − pruned‖ / ‖masked‖ over all outputs, and the pruned model.</returns>
    public static (double Error, Model Pruned) Compare(Model model, PruningPlan plan, IReadOnlyDictionary<string, Tensor> inputs)
    {
        plan = plan with { AbsorbMeans = false };
        var pruned = Load(model);
        new Pruner(pruned).Apply(plan);

        var masked = Load(model);
        var graph = ChannelFlow.Through(masked);
        var blocks = PlanLookup.Blocks(plan, masked, BlockFinder.Find(masked, graph.Constants));
        MaskedModel.Apply(graph, PlanLookup.Channels(plan, graph), blocks);

        using var a = OnnxSession.Open(OnnxFile.ToBytes(masked), model.Folder, SessionSettings.Plain, "the masked model");
        using var b = OnnxSession.Open(OnnxFile.ToBytes(pruned), model.Folder, SessionSettings.Plain, "the pruned model");
        return (RelativeError(a.Run(inputs), b.Run(inputs)), pruned);
    }

    /// <summary>A copy with inferred shapes.</summary>
    public static Model Load(Model model)
    {
        var copy = OnnxFile.Clone(model);
        ShapeInference.Infer(copy);
        return copy;
    }

    /// <summary>‖a − b‖ / ‖a‖ over all outputs of real numbers; infinite when shapes differ, or other outputs do.</summary>
    public static double RelativeError(IReadOnlyDictionary<string, Tensor> a, IReadOnlyDictionary<string, Tensor> b)
    {
        double difference = 0, size = 0;
        foreach (var (name, x) in a)
        {
            if (!b.TryGetValue(name, out var y) || !x.Dims.SequenceEqual(y.Dims) || x.ElementType != y.ElementType)
            {
                return double.PositiveInfinity;
            }

            if (!x.ElementType.IsFloatingPoint())
            {
                continue;
            }

            foreach (var (u, v) in x.ToDoubles().Zip(y.ToDoubles()))
            {
                // Equal infinities are equal; so are two results that are no numbers.
                if (!u.Equals(v))
                {
                    difference += (u - v) * (u - v);
                }

                size += double.IsFinite(u) ? u * u : 0;
            }
        }

        return difference == 0 ? 0 : Math.Sqrt(difference / Math.Max(size, double.Epsilon));
    }
}
