using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Rewriting;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>
/// The oracle: for any plan, the pruned model computes what the original computes with those channels and branches set to zero, to
/// float rounding.
/// </summary>
internal static class MaskedEqualsPruned
{
    /// <summary>
    /// Float32 rounding through a deep network of several hundred layers stays below this, relative to the output's size; a single
    /// wrong channel is off by orders of magnitude more.
    /// </summary>
    public const double Tolerance = 1e-4;

    /// <summary>Half precision has 11 significant bits, so that a handful of layers is off by a few units of 2⁻¹¹.</summary>
    public const double HalfTolerance = 2e-2;

    // Below this, an element's size is rounding: an output that is zero has no size to be relative to.
    private const double Floor = 1e-5;

    /// <summary>Prunes a copy of the model by the plan, masks another, and compares what ONNX Runtime makes of both.</summary>
    /// <param name="settings">How both are run; on one thread of the CPU with nothing optimized where it is null.</param>
    internal static OracleRun Compare(
        Model model, PruningPlan plan, IReadOnlyDictionary<string, Tensor> inputs, SessionSettings? settings = null)
    {
        settings ??= SessionSettings.Plain;
        plan = plan with { AbsorbMeans = false };
        var original = ModelCopy.WithShapes(model);
        var pruned = Pruner.Apply(original, plan);
        var masked = Mask(original, plan);

        // Looked into only now: a value that is an output cannot be cut.
        var (maskedProbes, prunedProbes) = (SaturatedOutputs.Expose(masked), SaturatedOutputs.Expose(pruned));
        using var before = Open(original, settings, "the original model");
        using var a = Open(masked, settings, "the masked model");
        using var b = Open(pruned, settings, "the pruned model");
        var (whole, expected, found) = (before.Run(inputs), a.Run(inputs), b.Run(inputs));
        var error = RelativeError(Part(expected, original), Part(found, original));
        foreach (var (left, right) in maskedProbes.Zip(prunedProbes))
        {
            if (expected[left].Dims.SequenceEqual(found[right].Dims))
            {
                error = Math.Max(error, RelativeError(expected[left], found[right]));
            }
        }

        var effect = Math.Max(RelativeError(whole, Part(expected, original)), 0);
        return new OracleRun(error, effect, SaturatedOutputs.Hide(pruned, prunedProbes));
    }

    /// <summary>The largest <see cref="RelativeError(Tensor, Tensor)"/> of all outputs; infinite where one is missing.</summary>
    public static double RelativeError(IReadOnlyDictionary<string, Tensor> a, IReadOnlyDictionary<string, Tensor> b) =>
        a.Max(p => b.TryGetValue(p.Key, out var other) ? RelativeError(p.Value, other) : double.PositiveInfinity);

    /// <summary>‖a − b‖ / ‖a‖; infinite when types or shapes differ, or integers do.</summary>
    public static double RelativeError(Tensor a, Tensor b)
    {
        if (!a.Dims.SequenceEqual(b.Dims) || a.ElementType != b.ElementType)
        {
            return double.PositiveInfinity;
        }

        if (!a.ElementType.IsFloatingPoint())
        {
            return a.Data.Span.SequenceEqual(b.Data.Span) ? 0 : double.PositiveInfinity;
        }

        double difference = 0, size = 0;
        foreach (var (u, v) in a.ToDoubles().Zip(b.ToDoubles()))
        {
            // Equal infinities are equal; so are two results that are no numbers.
            if (!u.Equals(v))
            {
                difference += (u - v) * (u - v);
            }

            size += double.IsFinite(u) ? u * u : 0;
        }

        return difference == 0 ? 0 : Math.Sqrt(difference / Math.Max(size, Floor * Floor * a.Count));
    }

    /// <summary>
    /// The plan's channels are those of the model without the plan's blocks: what only a removed branch coupled is coupled no longer.
    /// </summary>
    private static Model Mask(Model original, PruningPlan plan)
    {
        var (reduced, masked) = (ModelCopy.Of(original), ModelCopy.Of(original));
        var twins = reduced.Graph.Nodes.Zip(masked.Graph.Nodes).ToDictionary(p => p.First, p => p.Second);
        foreach (var block in Blocks(reduced, plan))
        {
            BlockRemoval.Apply(reduced.Graph, block);
        }

        var graph = ChannelFlow.Through(reduced);
        MaskedModel.Apply(masked.Graph, graph, PlanLookup.Channels(plan, graph), twins, Blocks(masked, plan));
        return masked;
    }

    private static IReadOnlyList<ResidualBlock> Blocks(Model model, PruningPlan plan) =>
        plan.Blocks.Count == 0 ? [] : PlanLookup.Blocks(plan, model, BlockFinder.Find(model, ChannelFlow.Through(model).Constants));

    private static OnnxSession Open(Model model, SessionSettings settings, string name) =>
        OnnxSession.Open(OnnxFile.ToBytes(model), model.Folder, settings, name);

    private static Dictionary<string, Tensor> Part(IReadOnlyDictionary<string, Tensor> results, Model original) =>
        original.Graph.Outputs.Where(o => results.ContainsKey(o.Name)).ToDictionary(o => o.Name, o => results[o.Name]);
}

/// <summary>The oracle's findings.</summary>
/// <param name="Error">How far the pruned model is from the masked one: rounding, or a fault.</param>
/// <param name="Effect">How far the masked model is from the original: zero when the mask hit nothing that matters.</param>
internal sealed record OracleRun(double Error, double Effect, Model Pruned);
