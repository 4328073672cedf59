using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using Xunit.Abstractions;

namespace OnnxPrune.Tests.RandomNetworks;

/// <summary>
/// The oracle on random networks. A failure names its seed; ONNXPRUNE_SEED=n runs that network alone, ONNXPRUNE_GRAPHS=n more or fewer of
/// them, from seed 1 on.
/// </summary>
public sealed class RandomNetworkTests(ITestOutputHelper log)
{
    private const int Networks = 600;

    // The shortest plans that come up often cut a channel that a Relu has silenced or that nothing reads; most must do something.
    private const double LeastShareWithEffect = 0.5;

    [Fact]
    public void Masked_equals_pruned_on_random_networks()
    {
        var seeds = Seeds();
        log.WriteLine($"seeds {seeds[0]} to {seeds[^1]}");
        var (cuts, effects) = (0, 0);
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();

        Parallel.ForEach(seeds, seed =>
        {
            var (graph, pieces) = RandomNetwork.Of(seed);
            try
            {
                var run = Check(graph.Build(), seed);
                Interlocked.Add(ref cuts, run is null ? 0 : 1);
                Interlocked.Add(ref effects, run is { Effect: > 1e-3 } ? 1 : 0);
            }
            catch (Exception e)
            {
                failures.Add($"seed {seed} ({pieces}): {(seeds.Length == 1 ? e : $"{e.GetType().Name} {e.Message}")}");
            }
        });

        Assert.True(failures.IsEmpty, $"{failures.Count} of {seeds.Length}: {string.Join("\n", failures.Order().Take(20))}");
        Assert.True(seeds.Length == 1 || cuts > 0.9 * seeds.Length, $"only {cuts} of {seeds.Length} networks could be cut");
        Assert.True(seeds.Length == 1 || effects > LeastShareWithEffect * cuts, $"only {effects} of {cuts} masks changed the output");
    }

    /// <returns>Null when nothing could be cut.</returns>
    private static OracleRun? Check(Model model, int seed)
    {
        var random = new Random(seed);
        var shaped = ModelCopy.WithShapes(model);
        NothingChangesWithoutReason(shaped);
        var plan = RandomPlan.Of(shaped, random, random.NextDouble());
        if (plan.IsEmpty)
        {
            return null;
        }

        var run = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, random));
        Assert.True(run.Error < MaskedEqualsPruned.Tolerance, $"masked and pruned differ by {run.Error}; plan: {plan.ToJson()}");
        Oracle.StatesItsShapes(run.Pruned);
        UntouchedNodesStay(model, run.Pruned);

        var again = PruningPlan.FromJson(plan.ToJson(), "the plan");
        Assert.Equal(plan.ToJson(), again.ToJson());
        Assert.Equal(Oracle.Prune(shaped, plan), Oracle.Prune(shaped, again));
        NothingIsCutTwice(run.Pruned, plan);
        return run;
    }

    /// <summary>Without a target only what is dead goes; and where nothing is, the file stays as it was, byte by byte.</summary>
    private static void NothingChangesWithoutReason(Model shaped)
    {
        var before = OnnxFile.ToBytes(shaped);
        var outcome = Pruner.Prune(NetworkAnalysis.Of(shaped), new PruneRequest { Rounding = new Rounding(1) });
        Assert.Equal(outcome.DeadChannels + outcome.DeadBlocks == 0, outcome.ChangedNothing);
        if (outcome.ChangedNothing)
        {
            Assert.Equal(before, OnnxFile.ToBytes(outcome.Model));
        }
    }

    /// <summary>A plan does not fit what it has made, and leaves it as it is.</summary>
    private static void NothingIsCutTwice(Model pruned, PruningPlan plan)
    {
        var shaped = ModelCopy.WithShapes(pruned);
        var before = OnnxFile.ToBytes(shaped);
        Assert.Throws<UsageException>(() => Pruner.Apply(shaped, plan));
        Assert.Equal(before, OnnxFile.ToBytes(shaped));
    }

    /// <summary>
    /// The pruned model's nodes are nodes of the original, in its order; inputs and outputs keep their names and their order.
    /// </summary>
    private static void UntouchedNodesStay(Model model, Model pruned)
    {
        Assert.Equal(model.Graph.FedInputs.Select(i => i.Name), pruned.Graph.FedInputs.Select(i => i.Name));
        Assert.Equal(model.Graph.Outputs.Select(o => o.Name), pruned.Graph.Outputs.Select(o => o.Name));
        static string Describe(Node node) => $"{node.OpType} {node.Name}";
        var left = new Queue<string>(model.Graph.Nodes.Select(Describe));
        foreach (var node in pruned.Graph.Nodes)
        {
            while (left.TryPeek(out var next) && next != Describe(node))
            {
                left.Dequeue();
            }

            Assert.True(left.TryDequeue(out _), $"{node} is new or has moved");
        }
    }

    private static int[] Seeds()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("ONNXPRUNE_SEED"), out var seed))
        {
            return [seed];
        }

        var count = int.TryParse(Environment.GetEnvironmentVariable("ONNXPRUNE_GRAPHS"), out var asked) ? asked : Networks;
        return [.. Enumerable.Range(1, count)];
    }
}
