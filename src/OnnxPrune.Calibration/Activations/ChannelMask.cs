using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// Lets a node of a working copy read zeros in place of some channels: for readers that cannot be repaired, such as a grouped Conv,
/// a MatMul or a reduction.
/// Given: y = reader(x)   Result: y = reader(Mul(x, mask)), until the mask is removed.
/// </summary>
internal sealed class ChannelMask
{
    private readonly Graph _graph;
    private readonly Node _reader;
    private readonly int _input;
    private readonly Value _masked;
    private readonly Value _mask;
    private readonly long[] _dims;

    private ChannelMask(Graph graph, Node reader, int input, int axis, int length)
    {
        (_graph, _reader, _input, _masked) = (graph, reader, input, reader.Required(input));
        _dims = new long[_masked.Shape!.Rank];
        Array.Fill(_dims, 1);
        _dims[axis] = length;
        _mask = graph.AddFreshInitializer($"{_masked.Name}.mask", Of(_ => false));
        Node = graph.AddNode("", "Mul", [_masked, _mask], [graph.FreshName($"{_masked.Name}.masked")], before: reader);
        (Node.Output.Shape, Node.Output.ElementType) = (_masked.Shape, _masked.ElementType);
        reader.SetInput(input, Node.Output);
    }

    /// <summary>The node that masks.</summary>
    public Node Node { get; }

    /// <summary>Puts a mask that hides nothing before a reader.</summary>
    /// <param name="reader">A place in the original.</param>
    /// <param name="own">The working copy's node.</param>
    public static ChannelMask Insert(ChannelGraph graph, ChannelConsumer reader, Graph target, Node own) =>
        new(target, own, reader.Input, reader.Axis, graph.Channels(reader.Value, reader.Axis)!.Length);

    /// <summary>True if a mask can be put there: the value is one of real numbers whose rank is known.</summary>
    public static bool Fits(Node own, int input) => own.Input(input) is { Shape: not null } value && value.ElementType.IsFloatingPoint();

    /// <summary>Hides the indices that <paramref name="isHidden"/> names, and no others.</summary>
    public void Hide(Func<int, bool> isHidden) => Graph.SetInitializer(_mask, Of(isHidden));

    public void Remove()
    {
        _reader.SetInput(_input, _masked);
        _graph.RemoveNodes(new HashSet<Node> { Node });
        _graph.RemoveInitializer(_mask);
    }

    private Tensor Of(Func<int, bool> isHidden)
    {
        var template = new Tensor(_masked.ElementType, [0], Array.Empty<byte>());
        return template.WithValues([.. Enumerable.Range(0, (int)_dims.Max()).Select(i => isHidden(i) ? 0.0 : 1)], _dims);
    }
}
