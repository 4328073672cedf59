using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, D...], W [M, C/group, k...], B [M] → Y [N, M, D'...]</c>.
/// group = 1: the output's channels are fresh; the input's are read along W's second axis.
/// group = C (depthwise): output channel g·M/C + j belongs to input channel g, and groups leave with their channels.
/// Other groups: the k-th channel of every group is tied to the k-th of all others, so that all groups shrink alike.
/// </summary>
internal sealed class Conv : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (flow.Constants[node.Required(1)] is not { Rank: >= 3 } weight)
        {
            flow.Block(node, "has a weight that is no constant");
            return;
        }

        var group = checked((int)node.Int("group", 1));
        var (outputs, perGroup) = (checked((int)weight.Dims[0]), checked((int)weight.Dims[1]));
        if (group < 1 || outputs % group != 0)
        {
            throw new BrokenModelException($"{node}: {outputs} output channels cannot be split into {group} groups.");
        }

        CheckBias(node, flow);
        for (var axis = 2; axis < ChannelFlow.Rank(x); axis++)
        {
            flow.Pin(node, x, axis, "slides over this axis");
        }

        var inputs = flow.Channels(x, 1);
        if (inputs is not null && inputs.Length != checked(perGroup * group))
        {
            throw new BrokenModelException(
                $"{node}: weight '{node.Inputs[1]!.Name}' [{string.Join(", ", weight.Dims)}] wants {perGroup * group} input channels "
                    + $"(group {group}), but '{x.Name}' carries {inputs.Length}.");
        }

        var made = perGroup == 1 && group > 1
            ? FlowDepthwise(node, flow, inputs, group, outputs)
            : FlowGrouped(node, flow, inputs, group, perGroup);
        flow.Bind(node, 2, 0, made);
        flow.Set(node.Output, 1, made);
        flow.Set(node.Output, 0, flow.Channels(x, 0));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { } x && terms.ShapeOf(node.Required(1)) is { } w && x.Rank == w.Rank && x.Rank > 2
            ? [x[0], w[0], .. Kernel(node, w) is { } kernel ? Lengths(ConvGeometry.Of(node, kernel), x) : x.Skip(2).Select(_ =>
                Dim.Unknown)]
            : null;

    internal override WeightLayout? Weight(Node node, int input) => input == 1 ? new WeightLayout(0, 1, node.Int("group", 1)) : null;

    /// <summary>The lengths of the output's axes behind the channels.</summary>
    internal static IEnumerable<Dim> Lengths(ConvGeometry windows, Shape x) =>
        windows.Kernel.Select((_, axis) => windows.Output(axis, x[axis + 2]));

    /// <summary>The window's lengths, of the weight where the attribute is absent; null where they are open.</summary>
    internal static IReadOnlyList<long>? Kernel(Node node, Shape weight) =>
        node.Ints("kernel_shape") is { } stated && stated.Length == weight.Rank - 2 ? stated
        : weight.Skip(2).All(d => d.IsKnown) ? [.. weight.Skip(2).Select(d => d.Size!.Value)]
        : null;

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (cut.Graph.Constants[node.Input(1)] is { Rank: >= 3 } weight
            && IsDepthwise(node, weight)
            && cut.Keep(node.Required(0), 1) is { } keep)
        {
            node.Set("group", (long)keep.Count);
        }
    }

    public override MacTerm? Macs(Node node, CostShapes shapes)
    {
        if (shapes.OfOperand(node.Input(1)) is not { Count: >= 3 } weight || shapes[node.Output] is not { Count: >= 3 } y)
        {
            return null;
        }

        var kernel = weight.Skip(2).Aggregate(1L, (a, b) => a * b);
        return new MacTerm(kernel * y[0] * y.Skip(2).Aggregate(1L, (a, b) => a * b), [new(node.Inputs[1]!, 0), new(node.Inputs[1]!, 1)]);
    }

    public override ChannelMoments? Moments(Node node, MomentsFlow flow) =>
        flow.OfSilentRows(node, weight: 1, axis: 0, bias: 2, outputAxis: 1);

    internal static bool IsDepthwise(Node node, Tensor weight) => weight.Dims[1] == 1 && node.Int("group", 1) > 1;

    private static int[]? FlowDepthwise(Node node, ChannelFlow flow, int[]? inputs, int group, int outputs)
    {
        var made = inputs is null ? null : Enumerable.Range(0, outputs).Select(m => inputs[m / (outputs / group)]).ToArray();
        flow.Bind(node, 1, 0, made);
        flow.Bind(node, 1, 1, null);
        return made;
    }

    private static int[] FlowGrouped(Node node, ChannelFlow flow, int[]? inputs, int group, int perGroup)
    {
        if (inputs is not null)
        {
            TieGroups(inputs, group, flow);
        }

        flow.Bind(node, 1, 1, inputs?[..perGroup]);
        flow.Reads(node, 0, 1);
        var made = flow.Produce(node, 1, weightAxis: 0, outputAxis: 1);
        TieGroups(made, group, flow);
        return made;
    }

    /// <summary>ONNX Runtime reads the first numbers of any tensor as the bias, which no cut along an axis could follow.</summary>
    internal static void CheckBias(Node node, ChannelFlow flow)
    {
        if (node.Input(2) is { } bias && (flow.Constants[bias]?.Rank ?? bias.Shape?.Rank) is { } rank and not 1)
        {
            throw new BrokenModelException($"{node}: its bias '{bias.Name}' is no list of numbers, but has {rank} axes.");
        }
    }

    /// <summary>Couples the k-th channel of each group with the k-th of the first.</summary>
    internal static void TieGroups(int[] channels, int group, ChannelFlow flow)
    {
        var perGroup = channels.Length / group;
        for (var i = perGroup; i < channels.Length; i++)
        {
            flow.Couple(channels[i % perGroup], channels[i]);
        }
    }
}
