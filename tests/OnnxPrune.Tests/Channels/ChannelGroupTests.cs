using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Channels;

public sealed class ChannelGroupTests
{
    public static TheoryData<string> Models => [
        "resnet20_cifar_A.onnx", "resnet20_cifar_B.onnx", "resnet20_cifar_A_fused_computed_pads.onnx", "bottleneck56_v2.onnx"
    ];

    [Fact]
    public void Stream_of_a_stage_and_inside_of_its_block_are_groups_of_their_own()
    {
        // given
        var g = new TestGraph();
        var stream = g.Relu(g.Conv(g.Input(3, 6, 6), 8));
        var inner = g.Relu(g.Conv(stream, 4));
        g.Close(g.Relu(g.Add(g.Conv(inner, 8), stream)));

        // when
        var groups = ChannelFlow.Through(ModelCopy.WithShapes(g.Build())).Groups;

        // then
        Assert.Equal(
            ["conv1 (8 channels): conv1 conv3 -> conv2 conv4", "conv2 (4 channels): conv2 -> conv3"],
            groups.Select(Text).Select(t => t.Replace("gemm1", "conv4", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_member_lies_on_every_axis_as_often_as_the_axis_says(string name)
    {
        var graph = Read(name);

        Assert.NotEmpty(graph.Groups);
        Assert.All(graph.Groups.SelectMany(group => group.Axes.Select(axis => (group, axis))), p =>
        {
            var onAxis = graph.Channels(p.axis.Axis)!.ToLookup(c => c);
            Assert.All(p.group.Channels, c => Assert.Equal(p.axis.Multiplicity, onAxis[c].Count()));
        });
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Member_belongs_to_one_group_and_may_leave(string name)
    {
        var graph = Read(name);
        var members = graph.Groups.SelectMany(g => g.Channels).ToArray();

        Assert.Equal(members.Distinct().Count(), members.Length);
        Assert.All(members, c => Assert.Null(graph.WhyPinned(c)));
        Assert.All(graph.Groups, g => Assert.Contains(graph.Origin(g.Channels[0]).Node, g.Producers));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Member_takes_its_index_with_it_on_every_axis_of_its_group_and_on_no_other(string name)
    {
        // given
        var graph = Read(name);
        var names = new NodeNames(graph.Model.Graph);
        foreach (var group in graph.Groups)
        {
            // when
            var plan = new PruningPlan([], LayerCut.From(graph, names, [group.Channels[^1]]), AbsorbMeans: false);
            var pruned = Pruner.Apply(graph.Model, plan).Graph;

            // then
            var shrinks = group.Axes.ToLookup(a => a.Axis.Value.Name, a => (a.Axis.Axis, a.Multiplicity));
            Assert.All(graph.Model.Graph.Initializers.Where(i => i.Uses.Count > 0), i =>
            {
                var dims = i.Initializer!.Dims.ToArray();
                foreach (var (axis, multiplicity) in shrinks[i.Name])
                {
                    dims[axis] -= multiplicity;
                }

                Assert.Equal(dims, pruned.Find(i.Name)?.Initializer!.Dims ?? dims);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Copy_speaks_of_the_nodes_and_values_of_the_copied_model(string name)
    {
        var graph = Read(name);
        var copy = graph.Model.Clone(out var copyOf);

        foreach (var group in graph.Groups)
        {
            var copied = group.CopyTo(copyOf);

            Assert.Equal(Text(group), Text(copied));
            Assert.Equal(group.Channels, copied.Channels);
            Assert.All(copied.Producers.Concat(copied.Consumers.Select(r => r.Node)), n => Assert.Contains(n, copy.Graph.Nodes));
            Assert.All(copied.Axes, a => Assert.Same(copy.Graph.Find(a.Axis.Value.Name), a.Axis.Value));
        }
    }

    private static string Text(ChannelGroup group) =>
        $"{group}: {Labels(group.Producers)} -> {Labels(group.Consumers.Select(r => r.Node))}";

    private static string Labels(IEnumerable<Node> nodes) => string.Join(' ', nodes.Select(n => n.Label).Order(StringComparer.Ordinal));

    private static ChannelGraph Read(string name) =>
        ChannelFlow.Through(ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", name))));
}
