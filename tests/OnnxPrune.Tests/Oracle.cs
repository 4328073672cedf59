using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests;

/// <summary>Asserts on whole models: that cuts are exact, or that they are refused.</summary>
internal static class Oracle
{
    private static readonly double[] s_shares = [0.25, 0.5, 0.9];

    // A mask that reaches the output moves it by far more than rounding.
    private const double SmallestEffect = 1e-3;

    /// <summary>Random plans of three sizes keep masked equal to pruned; all channels of the named layers can be cut.</summary>
    public static void Holds(TestGraph graph, params string[] layers) => Holds(graph.Build(), ToleranceOf(graph.Type), 1, layers);

    public static void Holds(Model model, double tolerance = MaskedEqualsPruned.Tolerance, int seed = 1, params string[] layers)
    {
        var shaped = ModelCopy.WithShapes(model);
        var channels = ChannelFlow.Through(shaped);
        foreach (var layer in layers)
        {
            Assert.All(Made(channels, layer), c => Assert.Null(channels.WhyPinned(c)?.Text));
        }

        Assert.NotEmpty(channels.Groups);
        for (var i = 0; i < s_shares.Length; i++)
        {
            var plan = NonEmptyPlan(shaped, seed + (100 * i), s_shares[i]);
            var run = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(seed + i), size: 8));
            Assert.True(run.Error < tolerance, $"masked and pruned differ by {run.Error}; plan: {plan.ToJson()}");
            Assert.True(run.Effect > SmallestEffect, $"the mask changes the output by {run.Effect} only; plan: {plan.ToJson()}");
            StatesItsShapes(run.Pruned);
            Assert.Equal(Prune(shaped, plan), Prune(shaped, plan));
        }
    }

    /// <summary>
    /// All channels of a layer stay for a reason that holds this text, and a plan that cuts all it can leaves them alone.
    /// </summary>
    public static void Blocks(TestGraph graph, string layer, string reason, int axis = 1) => Blocks(graph.Build(), layer, reason, axis);

    /// <param name="run">False for models that ONNX Runtime cannot run on random inputs.</param>
    public static void Blocks(Model model, string layer, string reason, int axis = 1, bool run = true)
    {
        var shaped = ModelCopy.WithShapes(model);
        var channels = ChannelFlow.Through(shaped);
        Assert.All(Made(channels, layer, axis), c => Assert.Contains(reason, channels.WhyPinned(c)?.Text ?? "(it can be cut)"));
        Assert.Contains(channels.Blocked, b => b.Reason.Contains(reason));

        var plan = RandomPlan.Of(shaped, new Random(1), 0.99);
        if (plan.IsEmpty || !run)
        {
            return;
        }

        var result = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(1), size: 8));
        Assert.True(result.Error < MaskedEqualsPruned.Tolerance, $"masked and pruned differ by {result.Error}; plan: {plan.ToJson()}");
        var pruned = ChannelFlow.Through(ModelCopy.WithShapes(result.Pruned));
        Assert.Equal(Made(channels, layer, axis).Count, Made(pruned, layer, axis).Count);
    }

    /// <summary>Why a layer's channels must stay, as far as the graph alone tells; null for those that can be cut.</summary>
    public static IReadOnlyList<string?> Pins(Model shaped, string layer, int axis = 1)
    {
        var channels = ChannelFlow.Through(shaped);
        return [.. Made(channels, layer, axis).Select(c => channels.WhyPinned(c)?.Text)];
    }

    /// <summary>Every shape that the model in memory or its file states is the one that ONNX Runtime infers.</summary>
    public static void StatesItsShapes(Model model)
    {
        var inferred = model.Clone();
        ShapeInference.Infer(inferred, new Dictionary<string, long[]>());
        foreach (var value in model.Graph.Values)
        {
            if (value.Shape is { } stated && inferred.Graph.Find(value.Name)?.Shape is { } real && real.Rank == stated.Rank)
            {
                Assert.All(stated.Zip(real), d => Assert.True(
                    !d.First.IsKnown || !d.Second.IsKnown || d.First.Size == d.Second.Size,
                    $"'{value.Name}' states {stated}, but is {real}"));
            }
        }
    }

    public static byte[] Prune(Model shaped, PruningPlan plan) => OnnxFile.ToBytes(Pruner.Apply(shaped, plan));

    public static double ToleranceOf(ElementType type) =>
        type is ElementType.Float16 or ElementType.BFloat16 ? MaskedEqualsPruned.HalfTolerance : MaskedEqualsPruned.Tolerance;

    private static IReadOnlyList<int> Made(ChannelGraph channels, string layer, int axis = 1)
    {
        var node = channels.Model.Graph.Nodes.Single(n => n.Label == layer);
        var made = channels.MadeBy(node, axis) ?? channels.Channels(node.Output, axis);
        Assert.NotNull(made);
        return made;
    }

    private static PruningPlan NonEmptyPlan(Model shaped, int seed, double share)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var plan = RandomPlan.Of(shaped, new Random(seed + attempt), share);
            if (plan.Channels.Count > 0)
            {
                return plan;
            }
        }

        Assert.Fail("No random plan cuts anything.");
        return PruningPlan.Empty;
    }
}
