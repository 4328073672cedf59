using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Tests.Graphs;

public sealed class GraphTests
{
    private readonly Graph _graph = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Links_hold_under_random_edits(int seed)
    {
        // given: a chain with branches
        var random = new Random(seed);
        Fill(random, nodes: 30);

        for (var edit = 0; edit < 200; edit++)
        {
            // when
            switch (random.Next(5))
            {
                case 0:
                    Add($"more{edit}", Readable(random, before: _graph.Nodes.Count));
                    break;
                case 1:
                    var node = Any(random);
                    node.SetInput(random.Next(3), random.Next(4) == 0 ? null : Readable(random, Place(node)));
                    break;
                case 2:
                    node = Any(random);
                    node.TrimInputs(random.Next(node.Inputs.Count + 1));
                    break;
                case 3:
                    node = Any(random);
                    _graph.ReplaceAllUsesWith(node.Output, Readable(random, Place(node)));
                    break;
                default:
                    _graph.RemoveNodes(_graph.Nodes.Where(n => n.Output is { Uses.Count: 0, IsGraphOutput: false }).Take(1).ToHashSet());
                    break;
            }

            // then
            GraphConsistency.Assert(_graph);
            Assert.Equal(_graph.Nodes, _graph.TopologicalOrder());
        }
    }

    [Fact]
    public void Replaced_value_has_no_readers_left_and_the_output_keeps_its_name()
    {
        var x = Input("x");
        var first = Add("first", x);
        var second = Add("second", first.Output);
        _graph.AddOutput(second.Output);

        Assert.True(_graph.ReplaceAllUsesWith(second.Output, first.Output));

        Assert.Equal("second", _graph.Outputs.Single().Name);
        Assert.Same(first, _graph.Outputs.Single().Producer);
        Assert.Empty(second.Output.Uses);
        GraphConsistency.Assert(_graph);
    }

    [Fact]
    public void Output_that_an_input_would_feed_stays()
    {
        var x = Input("x");
        var node = Add("node", x);
        _graph.AddOutput(node.Output);

        Assert.False(_graph.ReplaceAllUsesWith(node.Output, x));

        Assert.Same(node, _graph.Outputs.Single().Producer);
        GraphConsistency.Assert(_graph);
    }

    [Fact]
    public void Value_that_a_subgraph_reads_by_name_is_not_replaced()
    {
        var x = Input("x");
        var (node, other, outer) = (Add("node", x), Add("other", x), Add("outer", x));
        outer.AddCapture(node.Output);

        Assert.False(_graph.ReplaceAllUsesWith(node.Output, other.Output));

        Assert.Equal([new Use(outer, Use.Captured)], node.Output.Uses);
        GraphConsistency.Assert(_graph);
    }

    [Fact]
    public void Nodes_whose_outputs_are_read_are_not_removed_in_silence()
    {
        var node = Add("node", Input("x"));
        Add("reader", node.Output);

        Assert.Throws<InvalidOperationException>(() => _graph.RemoveNodes(new HashSet<Node> { node }));
    }

    [Fact]
    public void Initializer_that_is_listed_as_an_input_leaves_both_lists()
    {
        var weight = _graph.AddInitializer("weight", Scalar(1));
        _graph.AddInput(weight);

        _graph.RemoveInitializer(weight);

        Assert.Empty(_graph.Values);
        GraphConsistency.Assert(_graph);
    }

    [Fact]
    public void Name_is_given_to_one_value_only()
    {
        var node = Add("node", Input("x"));

        Assert.Throws<BrokenModelException>(() => _graph.AddInitializer(node.Output.Name, Scalar(1)));
        Assert.Throws<BrokenModelException>(() => Add("node"));
        Assert.Throws<BrokenModelException>(() => Add("x"));
        Assert.Equal("node_1", _graph.AddFreshInitializer("node", Scalar(1)).Name);
    }

    [Fact]
    public void Nodes_of_a_disordered_file_come_after_what_they_read()
    {
        var (late, early) = (_graph.GetOrAddValue("late"), Input("x"));
        var reader = Add("reader", late);
        var maker = Add("late", early);

        Assert.Equal([maker, reader], _graph.TopologicalOrder());
        Assert.Equal([reader, maker], _graph.Nodes);
    }

    [Fact]
    public void Cycle_is_named()
    {
        var value = _graph.GetOrAddValue("b");
        var a = Add("a", value);
        Add("b", a.Output);

        var failure = Assert.Throws<BrokenModelException>(_graph.TopologicalOrder);

        Assert.Contains("Relu 'a'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copy_has_all_that_the_nodes_say_and_shares_no_link()
    {
        // given
        var x = Input("x");
        var node = Add("node", x);
        node.AddCapture(x);
        node.Set("alpha", 2f);
        (node.InnerOperators, node.InnerParameters, node.Remark) = (["Conv"], 12, "cut");
        var before = (x.Uses.ToArray(), node.Inputs.ToArray());

        // when
        var copy = _graph.Clone(out var copyOf);
        copy.AddOutput(copyOf[node].Output);
        copyOf[node].Set("alpha", 3f);
        copyOf[node].SetInput(0, null);

        // then
        var made = copyOf[node];
        Assert.Equal(["Conv"], made.InnerOperators);
        Assert.Equal((12, "cut", 3f), (made.InnerParameters, made.Remark, made.Float("alpha", 0)));
        Assert.Equal([copyOf[x]], made.Captures);
        Assert.Equal(2f, node.Float("alpha", 0));
        Assert.Equal(before.Item1, x.Uses);
        Assert.Equal(before.Item2, node.Inputs);
        Assert.False(node.Output.IsGraphOutput);
        GraphConsistency.Assert(_graph);
        GraphConsistency.Assert(copy);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Copy_stays_as_it_was_when_the_original_is_edited(int seed)
    {
        var random = new Random(seed);
        Fill(random, nodes: 20);
        _graph.AddOutput(_graph.Nodes[^1].Output);
        var copy = _graph.Clone(out _);
        var before = Text(copy);

        DeadCode.Remove(_graph, except: ([], []));
        Add("more", Readable(random, _graph.Nodes.Count));

        Assert.Equal(before, Text(copy));
        Assert.NotEqual(before, Text(_graph));
        GraphConsistency.Assert(copy);
    }

    private static string Text(Graph graph) =>
        string.Join('\n', graph.Nodes.Select(n => $"{n} {string.Join(' ', n.Inputs)} -> {string.Join(' ', n.Outputs)}"));

    private void Fill(Random random, int nodes)
    {
        Input("x");
        _graph.AddInitializer("weight", Scalar(1));
        for (var i = 0; i < nodes; i++)
        {
            Add($"n{i}", Readable(random, i), Readable(random, i));
        }

        _graph.AddOutput(_graph.Nodes[^1].Output);
    }

    private Value Input(string name)
    {
        var value = _graph.GetOrAddValue(name);
        _graph.AddInput(value);
        return value;
    }

    private Node Add(string name, params Value?[] inputs) => _graph.AddNode(name, "Relu", inputs, [name]);

    /// <summary>A value that is there before the node of that place.</summary>
    private Value Readable(Random random, int before)
    {
        Value[] values = [.. _graph.Inputs, .. _graph.Initializers, .. _graph.Nodes.Take(before).Select(n => n.Output)];
        return values[random.Next(values.Length)];
    }

    private Node Any(Random random) => _graph.Nodes[random.Next(_graph.Nodes.Count)];

    private int Place(Node node) => _graph.Nodes.ToList().IndexOf(node);

    private static Tensor Scalar(float value) => Tensor.Of([value], 1);
}
