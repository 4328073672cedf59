using OnnxPrune;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace Coverage;

/// <summary>The extent to which one network can be pruned, and the check of the result.</summary>
/// <param name="Share">What depends on channels that can be cut.</param>
/// <param name="Before">The original's cost.</param>
/// <param name="After">The cost at 60 % of the parameters, or the lowest that can be reached.</param>
/// <param name="Error">How far masked and pruned model are apart on ONNX Runtime; null where nothing can be cut.</param>
/// <param name="Effect">How far the masked model is from the original; null where nothing can be cut.</param>
/// <param name="Reason">What keeps most of the channels that stay; null where none must.</param>
/// <param name="Pruned">Null where nothing can be cut.</param>
internal sealed record NetworkCoverage(
    CuttableShare Share, Cost Before, Cost After, double? Error, double? Effect, string? Reason, Model? Pruned)
{
    /// <summary>The share of parameters that is asked for.</summary>
    public static readonly Target Wanted = Target.Parse("params=60%");

    private const int Seed = 1;

    /// <summary>Prunes a copy of the model, masks another, and compares what ONNX Runtime makes of both.</summary>
    /// <param name="model">Functions are inlined first, as the command line does.</param>
    public static NetworkCoverage Of(Model model)
    {
        var shaped = ModelCopy.WithShapes(OnnxFile.WithoutFunctions(model));
        var concrete = ConcreteShapes.Infer(shaped);
        var network = NetworkAnalysis.Of(shaped, concrete.Values);
        var share = CuttableShare.Of(network.Costs);
        var request = new PruneRequest { AbsorbMeans = false };
        var (before, smallest) = (network.Cost, Planner.Smallest(network, request));
        var reason = network.Channels.Blocked.MaxBy(b => b.Count)?.Reason;
        if (smallest.Parameters == before.Parameters)
        {
            return new NetworkCoverage(share, before, before, null, null, reason, null);
        }

        var target = Wanted.IsMet(smallest, before) ? Wanted : new Target(TargetKind.Parameters, null, smallest.Parameters);
        var outcome = Pruner.Prune(network, request with { Targets = [target] });
        var run = MaskedEqualsPruned.Compare(shaped, outcome.Plan, SyntheticInputs.Make(shaped, concrete, Seed));
        return new NetworkCoverage(share, before, outcome.After, run.Error, run.Effect, reason, run.Pruned);
    }
}
