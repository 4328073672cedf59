using OnnxPrune.Blocks;
using OnnxPrune.Constants;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Blocks;

public sealed class BlockFinderTests
{
    private const int C = 6;

    private static Wire Start(TestGraph g) => g.ConvBnRelu(g.Input(3, 8, 8), C);

    private static Wire Basic(TestGraph g, Wire x, int outputs, int stride = 1) =>
        g.BatchNorm(g.Conv(g.ConvBnRelu(x, 5, 3, stride), outputs, 3, bias: false));

    [Theory]
    [InlineData("Add")]
    [InlineData("Sum")]
    public void Identity_shortcut_makes_a_block(string join)
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Relu(new Wire(g.Op(join, [x, Basic(g, x, C)]), C)));

        var block = Assert.Single(Find(g));

        Assert.Equal((ShortcutKind.Identity, 1, 0), (block.Kind, block.BranchInput, block.ShortcutInput));
        Assert.Null(block.Obstacle);
        Assert.Equal(5, block.Branch.Count);
        Assert.Empty(block.Shortcut);
    }

    [Fact]
    public void Projection_makes_a_block()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Relu(g.Add(Basic(g, x, 8, 2), g.BatchNorm(g.Conv(x, 8, 1, 2, bias: false)))));

        var block = Assert.Single(Find(g));

        Assert.Equal((ShortcutKind.Projection, 0), (block.Kind, block.BranchInput));
        Assert.Equal(["conv4", "batchnormalization4"], block.Shortcut.Select(n => n.Label));
    }

    [Fact]
    public void Padded_shortcut_makes_a_block()
    {
        var g = new TestGraph();
        var x = Start(g);
        var sliced = g.Op("Slice", [x, g.Longs(0, 0), g.Longs(99, 99), g.Longs(2, 3), g.Longs(2, 2)]);
        var shortcut = new Wire(g.Op("Pad", [sliced, g.Longs(0, 1, 0, 0, 0, 1, 0, 0)]), C + 2);
        g.Close(g.Relu(g.Add(Basic(g, x, C + 2, 2), shortcut)));

        Assert.Equal(ShortcutKind.Padded, Assert.Single(Find(g)).Kind);
    }

    [Fact]
    public void Shortcut_of_another_batch_makes_none()
    {
        var g = new TestGraph();
        var x = Start(g);
        var shortcut = new Wire(g.Op("Pad", [x, g.Longs(-1, 0, 0, 0, 0, 2, 0, 0)]), C + 2);
        g.Close(g.Relu(g.Add(Basic(g, x, C + 2), shortcut)));

        Assert.Empty(Find(g));
    }

    [Fact]
    public void Pre_activation_blocks_with_bottlenecks_are_found()
    {
        var g = new TestGraph();
        var x = Start(g);
        for (var i = 0; i < 2; i++)
        {
            var inner = g.Conv(g.Relu(g.BatchNorm(x)), 3, bias: false);
            inner = g.Conv(g.Relu(g.BatchNorm(inner)), 3, 3, bias: false);
            x = g.Add(x, g.Conv(g.Relu(g.BatchNorm(inner)), C, bias: false));
        }

        g.Close(g.Relu(g.BatchNorm(x)));

        Assert.Equal(["add1", "add2"], Find(g).Select(b => b.Name));
        Oracle.Holds(g);
    }

    [Fact]
    public void Branch_that_somebody_else_reads_has_an_obstacle()
    {
        var g = new TestGraph();
        var x = Start(g);
        var inner = g.ConvBnRelu(x, C);
        g.Close(g.Concat(1, g.Add(x, g.Conv(inner, C)), g.Op("Sin", inner)));

        Assert.Equal("its branch is also read by Sin 'sin1'", Assert.Single(Find(g)).Obstacle);
    }

    [Fact]
    public void Branch_whose_weight_is_an_output_has_an_obstacle()
    {
        var g = new TestGraph();
        var x = Start(g);
        var weight = g.Weight(C, C, 1, 1);
        g.Output(new Wire(weight, C));
        g.Close(g.Add(x, g.Conv(x, C, weight: weight)));

        Assert.Equal($"its branch reads '{weight}', which the graph gives out as well", Assert.Single(Find(g)).Obstacle);
    }

    [Fact]
    public void Branch_that_is_an_output_has_an_obstacle()
    {
        var g = new TestGraph();
        var x = Start(g);
        var branch = g.Conv(x, C);
        g.Output(branch);
        g.Close(g.Add(x, branch));

        Assert.Equal($"its branch gives the graph's output '{branch.Name}'", Assert.Single(Find(g)).Obstacle);
    }

    [Fact]
    public void Block_around_another_block_has_an_obstacle()
    {
        var g = new TestGraph();
        var x = Start(g);
        var inner = g.Relu(g.Conv(x, C));
        var nested = g.Add(inner, g.Conv(g.Relu(g.Conv(inner, 4)), C));
        g.Close(g.Add(x, nested));

        var blocks = Find(g);

        Assert.Null(blocks.Single(b => b.Name == "add1").Obstacle);
        Assert.Equal("its branch contains other blocks", blocks.Single(b => b.Name == "add2").Obstacle);
    }

    [Fact]
    public void Branches_of_equal_depth_are_no_block()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Add(g.Conv(x, C), g.Conv(x, C, 3)));

        Assert.Empty(Find(g));
    }

    [Fact]
    public void Two_inputs_of_the_graph_are_no_common_source()
    {
        var g = new TestGraph();
        g.Close(g.Add(Basic(g, g.Input(C, 8, 8), C), g.Input(C, 8, 8)));

        Assert.Empty(Find(g));
    }

    [Fact]
    public void Bias_that_is_added_is_no_shortcut()
    {
        var g = new TestGraph();
        g.Close(g.Binary("Add", Start(g), g.Weight(C, 1, 1)));

        Assert.Empty(Find(g));
    }

    [Fact]
    public void Removed_block_takes_a_Relu_along_that_has_nothing_left_to_do()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Relu(g.Add(Basic(g, x, C), x)));
        var model = ModelCopy.WithShapes(g.Build());

        var pruned = Pruner.Apply(model, new PruningPlan(["add1"], [], false));

        Assert.Equal(["conv1", "batchnormalization1", "relu1", "conv4"], pruned.Graph.Nodes.Select(n => n.Label));
    }

    [Fact]
    public void Relu_after_a_removed_block_stays_where_the_shortcut_may_be_negative()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 8, 8), C);
        g.Close(g.Relu(g.Add(Basic(g, x, C), x)));
        var model = ModelCopy.WithShapes(g.Build());

        var pruned = Pruner.Apply(model, new PruningPlan(["add1"], [], false));

        Assert.Equal(["conv1", "relu2", "conv4"], pruned.Graph.Nodes.Select(n => n.Label));
    }

    [Fact]
    public void Block_that_gives_the_graphs_output_leaves_its_name_to_the_shortcut()
    {
        var g = new TestGraph();
        var x = Start(g);
        var sum = g.Add(Basic(g, x, C), x);
        g.Output(sum);
        var model = ModelCopy.WithShapes(g.Build());

        var pruned = Pruner.Apply(model, new PruningPlan(["add1"], [], false));

        Assert.Equal([sum.Name], pruned.Graph.Outputs.Select(o => o.Name));
        Assert.Equal("relu1", pruned.Graph.Outputs[0].Producer!.Label);
    }

    private static IReadOnlyList<ResidualBlock> Find(TestGraph g) =>
        BlockFinder.Find(ModelCopy.WithShapes(g.Build()), new ConstantValues());
}
