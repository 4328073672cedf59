using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Tests.Runs;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Methods;

public sealed class BlockGatesTests
{
    [Fact]
    public void A_gradient_goes_straight_through_to_the_logit()
    {
        // given: all four gates half open
        using var scope = torch.NewDisposeScope();
        var (gates, _) = Open(GateOptions.Paper);
        var drawn = gates.Draw(new SeededRandom(1), torch.CPU);

        // when: dL/dg is 1, 2, 3, 4
        var loss = torch.tensor(new[] { 0f }, [1]);
        foreach (var (gate, i) in drawn.Values.Select((g, i) => (g, i)))
        {
            loss = loss.add(gate.mul(i + 1));
        }

        loss.sum().backward();
        gates.Update(decay: 1, gamma: 0.05);

        // then: a = -lr (dL/dg + gamma) p (1 - p)
        Assert.Equal([-0.02625, -0.05125, -0.07625, -0.10125], gates.State.Logits.Select(a => Math.Round(a, 6)));
    }

    [Fact]
    public void Gates_are_drawn_as_often_as_their_probability_says()
    {
        // given
        using var scope = torch.NewDisposeScope();
        var (gates, _) = Open(GateOptions.Paper);
        gates.State = ([3, 0, 0, -3], new double[4]);
        var random = new SeededRandom(2);

        // when
        var open = new double[4];
        for (var n = 0; n < 500; n++)
        {
            foreach (var (gate, i) in gates.Draw(random, torch.CPU).Values.Select((g, i) => (g, i)))
            {
                open[i] += gate.item<float>() / 500;
            }
        }

        // then
        Assert.All(open.Zip(gates.Probabilities), p => Assert.InRange(p.First, p.Second - 0.1, p.Second + 0.1));
    }

    [Fact]
    public void A_budget_presses_gates_while_the_expected_network_is_too_expensive()
    {
        // given
        var (gates, budget) = Open(GateOptions.Paper);

        // then: closed gates leave the shortcuts alone, open ones everything
        Assert.Equal(1, budget.Expected([1, 1, 1, 1]), 6);
        Assert.InRange(budget.Expected([0, 0, 0, 0]), 0.01, 0.3);

        // then: what costs too much by then is pressed, what costs too little is rewarded
        Assert.True(budget.Gamma([1, 1, 1, 1], start: 0.5, progress: 0.9) > 0.3);
        Assert.True(budget.Gamma([0, 0, 0, 0], start: 0.5, progress: 0.9) < -0.2);
        Assert.Equal(4, gates.Names.Count);
    }

    private static (BlockGates Gates, GateBudget Budget) Open(GateOptions options)
    {
        var model = Stripes.Network();
        ShapeInference.Infer(model);
        var graph = ChannelFlow.Through(model);
        var blocks = BlockFinder.Find(model, graph.Constants);
        var cost = new CostModel(graph, new CostShapes(graph.Constants));
        return (new BlockGates(blocks, new NodeNames(model.Graph), options), GateBudget.Of(cost, TargetKind.Macs, blocks, 0.5));
    }
}
