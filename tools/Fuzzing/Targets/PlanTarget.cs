using System.Text;
using Fuzzing.Mutations;
using Fuzzing.Runs;
using Fuzzing.Seeds;
using OnnxPrune;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace Fuzzing.Targets;

/// <summary>Damaged plans for whole models: refused, or applied so that the result is a model.</summary>
internal sealed class PlanTarget : FuzzTarget
{
    private byte[] _model = [];

    public override string Name => "plan";

    public override FuzzInput Make(Random random)
    {
        _model = ModelSeeds.Small(random);
        var plan = RandomPlan.Of(OnnxFile.FromBytes(_model), random, random.NextDouble()) with { AbsorbMeans = random.Next(2) == 0 };
        return new FuzzInput(random.Next(8) == 0 ? Encoding.UTF8.GetBytes(plan.ToJson()) : PlanMutation.Apply(plan, random), ".json");
    }

    public override string Feed(FuzzInput input, Random random)
    {
        var plan = PruningPlan.FromJson(Encoding.UTF8.GetString(input.Bytes), "the plan");
        var model = OnnxFile.FromBytes(_model);
        try
        {
            OnnxFile.FromBytes(OnnxFile.ToBytes(Pruner.Apply(model, plan))).Graph.TopologicalOrder();
        }
        catch (BrokenModelException e)
        {
            throw new FindingException($"a whole model is called broken: {e.Message}");
        }

        return plan.IsEmpty ? "unchanged" : "pruned";
    }
}
