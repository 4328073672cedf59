using Fuzzing.Mutations;
using Fuzzing.Runs;
using Fuzzing.Seeds;
using OnnxPrune;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;

namespace Fuzzing.Targets;

/// <summary>
/// Damaged models through the library: read, follow the channels, plan, cut, write, read again. No native code takes part.
/// </summary>
internal sealed class CoreTarget : FuzzTarget
{
    private string? _folder;

    public override string Name => "core";

    public override void Start(string folder, string? program)
    {
        File.WriteAllBytes(Path.Combine(folder, GraphMutation.DataFile), new byte[4096]);
        _folder = folder;
    }

    public override FuzzInput Make(Random random) => new(ModelMutation.Apply(ModelSeeds.Any(random), random), ".onnx");

    public override string Feed(FuzzInput input, Random random)
    {
        var model = OnnxFile.FromBytes(input.Bytes, _folder);
        var written = OnnxFile.ToBytes(model);
        ShapeSkeleton.Write(model);
        OpenShapes.Complete(model.Graph); // As every way to the analysis does it.
        var request = RandomRequest.Of(random);
        var outcome = Pruner.Prune(NetworkAnalysis.Of(model), request);
        if (request.Targets.Any(t => !t.IsMet(outcome.After, outcome.Before)))
        {
            throw new FindingException(
                $"a target is not kept: {string.Join(' ', request.Targets)}, {outcome.Before} became {outcome.After}");
        }

        var pruned = OnnxFile.ToBytes(outcome.Model);
        ReadAgain(pruned, outcome.ChangedNothing ? "unchanged" : "pruned");
        Replay(written, outcome.Plan, pruned);
        return outcome.ChangedNothing ? "unchanged" : "pruned";
    }

    private void ReadAgain(byte[] pruned, string what)
    {
        try
        {
            OnnxFile.FromBytes(pruned, _folder).Graph.TopologicalOrder();
        }
        catch (BrokenModelException e)
        {
            throw new FindingException($"the {what} model is broken: {e.Message}");
        }
    }

    /// <summary>The plan through its JSON gives the same bytes.</summary>
    private void Replay(byte[] original, PruningPlan plan, byte[] pruned)
    {
        var model = OnnxFile.FromBytes(original, _folder);
        OpenShapes.Complete(model.Graph);
        var replayed = Pruner.Apply(model, PruningPlan.FromJson(plan.ToJson(), "the plan"));
        if (!OnnxFile.ToBytes(replayed).AsSpan().SequenceEqual(pruned))
        {
            throw new FindingException("a replay differs: the plan gives other bytes than the run that made it");
        }
    }
}
