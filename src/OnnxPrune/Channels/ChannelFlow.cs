using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Channels;

/// <summary>
/// The one propagation of channel identity through a graph (design: every axis that carries channels is a list of channel ids, one
/// per index). Operators say how ids flow by calling the methods of this class; union-find over the ids then gives what must leave
/// together.
/// </summary>
/// <remarks>
/// Nodes are visited once, in topological order. A Conv's weight makes fresh ids for its output; Relu passes them on; Add couples
/// its operands' ids index by index; whatever cannot be followed pins its ids with a reason. Nothing is ever guessed.
/// </remarks>
internal sealed class ChannelFlow
{
    // A pad, a repeated Concat or a stated shape may claim any number. Networks make up to some hundred thousand channels, and list each a
    // few times.
    private const int MostChannels = 1 << 22;
    private const int MostIndices = 1 << 26;

    // Operator sets before do not have Where, which a cut puts numbers into computed lists with.
    private const long FirstWhere = 9;

    private readonly UnionFind _ids = new();
    private readonly Dictionary<ValueAxis, int[]> _axes = [];
    private readonly Dictionary<Value, Dictionary<Use, HashSet<int>>> _bindings = [];
    private readonly Dictionary<ValueAxis, BlockedReason> _unbound = [];
    private readonly Dictionary<int, BlockedReason> _pins = [];
    private readonly List<ChannelOrigin> _origins = [];
    private readonly List<ChannelConsumer> _consumers = [];
    private readonly HashSet<Use> _understoodShapes = [];
    private readonly HashSet<int[]> _lists = new(ReferenceEqualityComparer.Instance);
    private long _indices;

    private ChannelFlow(Model model)
    {
        Model = model;
        Constants = new ConstantValues();
        Terms = new ShapeTerms(Constants);
    }

    public Model Model { get; }

    public ConstantValues Constants { get; }

    public ShapeTerms Terms { get; }

    /// <summary>Follows the channels through the whole graph. The model's values must have their shapes.</summary>
    /// <exception cref="BrokenModelException">Sizes contradict each other, or the graph has a cycle.</exception>
    public static ChannelGraph Through(Model model)
    {
        using var step = Activities.Begin(Activities.FollowChannels);
        var flow = new ChannelFlow(model);
        ModelCheck.Require(model.Graph, flow.Terms);
        foreach (var node in model.Graph.TopologicalOrder())
        {
            flow.Visit(node);
        }

        foreach (var output in model.Graph.Outputs)
        {
            flow.PinAll(output, new BlockedReason(output.Producer, $"reaches the graph's output '{output.Name}'"));
        }

        flow.PinHalfBoundConstants();
        return new ChannelGraph(
            flow.Model,
            flow.Constants,
            flow.Terms,
            flow._axes,
            flow._ids,
            flow._pins,
            flow._origins,
            flow._consumers,
            flow._bindings.ToDictionary(
            b => b.Key,
            b => (IReadOnlyCollection<Use>)b.Value.Keys));
    }

    private void Visit(Node node)
    {
        if (IsConstantExpression(node))
        {
            return; // Its results are constants of their own, bound where they are used.
        }

        foreach (var capture in node.Captures)
        {
            PinAll(capture, new BlockedReason(node, $"is captured by a subgraph of {node}"));
        }

        var rule = OperatorTable.Find(node);
        if (rule is null)
        {
            Block(node, OperatorTable.WhyUnknown(node, Model));
        }
        else
        {
            RuleFault.NameIn(node, () => rule.Flow(node, this));
        }

        PinLeakedLengths(node);
    }

    // ---- what operators ask ----

    /// <summary>True if the value does not depend on what is fed.</summary>
    public bool IsConstant(Value? value) => value is not null && (value.IsInitializer || Constants[value] is not null);

    /// <summary>The ids along an axis, one per index; null when the axis carries no channels that could be cut.</summary>
    public int[]? Channels(Value value, int axis) => _axes.GetValueOrDefault(new ValueAxis(value, axis));

    /// <summary>True if any axis of the value carries channels.</summary>
    public bool HasChannels(Value? value) => value is not null && value.Shape is { } shape
        ? Enumerable.Range(0, shape.Rank).Any(axis => Channels(value, axis) is not null)
        : value is not null && _axes.Keys.Any(a => a.Value == value);

    // ---- what operators say ----

    /// <summary>New channels, made by <paramref name="node"/> along an axis of its first output.</summary>
    /// <exception cref="UnsupportedModelException">These are more channels than can be followed.</exception>
    public int[] Fresh(Node node, long count, int axis)
    {
        if (count > MostChannels - _origins.Count)
        {
            throw new UnsupportedModelException(
                $"{node}: with its {count} channels the model has more than the {MostChannels} that can be followed.");
        }

        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = _ids.Add();
            _origins.Add(new ChannelOrigin(node, axis, i));
        }

        return ids;
    }

    /// <summary>States the ids along an axis of an output; null states that it carries none.</summary>
    /// <exception cref="BrokenModelException">The axis has another length.</exception>
    /// <exception cref="UnsupportedModelException">All axes together are longer than can be followed.</exception>
    public void Set(Value? output, int axis, int[]? ids)
    {
        if (output is null || ids is null)
        {
            return;
        }

        if (output.Shape is not { } shape)
        {
            // Who reads it could not tell which axis is which.
            if (output.Uses.Count > 0 || output.IsGraphOutput)
            {
                Pin(ids, new BlockedReason(output.Producer, $"flow into '{output.Name}', whose shape is unknown"));
            }

            return;
        }

        if (axis < shape.Rank && shape[axis].Size is { } size && size != ids.Length)
        {
            throw new BrokenModelException(
                $"'{output.Name}' has {size} indices along axis {axis}, but its producer {output.Producer} makes {ids.Length} channels.");
        }

        // Most values carry the very list of another one.
        if (_lists.Add(ids) && (_indices += ids.Length) > MostIndices)
        {
            throw new UnsupportedModelException(
                $"'{output.Name}': with its {ids.Length} indices along axis {axis} the model has more than can be followed.");
        }

        _axes[new ValueAxis(output, axis)] = ids;
    }

    /// <summary>True if the channels can be listed so many times.</summary>
    public static bool CanRepeat(int[] channels, long times) => channels.Length == 0 || times <= MostIndices / channels.Length;

    /// <summary>Passes every axis of an input on to the same axis of an output.</summary>
    public void Pass(Value input, Value? output)
    {
        for (var axis = 0; axis < Rank(input); axis++)
        {
            Set(output, axis, Channels(input, axis));
        }
    }

    /// <summary>The rank of a value; 0 when its shape is unknown, in which case it carries no channels either.</summary>
    public static int Rank(Value value) => value.Shape?.Rank ?? 0;

    /// <summary>
    /// Says that the indices of a constant's axis belong to these channels, so that they leave with them. A constant that several
    /// nodes read is coupled through all of them. Null pins the axis.
    /// </summary>
    /// <exception cref="BrokenModelException">The axis has another length.</exception>
    public void Bind(Node node, int input, int axis, int[]? ids)
    {
        if (node.Input(input) is not { } constant)
        {
            return;
        }

        if (Constants[constant] is null)
        {
            var reason = new BlockedReason(node, $"{node} also takes '{constant.Name}', which is no constant");
            Pin(ids, reason);
            PinAll(constant, reason);
            return;
        }

        Remember(node, input, axis, constant);
        var at = new ValueAxis(constant, axis);
        var bound = _axes.GetValueOrDefault(at);
        if (ids is null)
        {
            // Pinned in the end: a node that comes later may bind the same axis.
            _unbound.TryAdd(
                at, new BlockedReason(node, $"'{constant.Name}' is also read by {node}, where this axis belongs to something that stays"));
            return;
        }

        var length = Constants[constant]?.Dims[axis] ?? constant.Shape?[axis].Size;
        if (length != ids.Length)
        {
            throw new BrokenModelException(
                $"{node}: '{constant.Name}' {constant.Shape} has {length} indices along axis {axis}, but {ids.Length} channels flow "
                    + "there.");
        }

        if (bound is null)
        {
            _axes.Add(at, ids);
        }
        else
        {
            Couple(bound, ids);
        }
    }

    /// <summary>
    /// The channels that a weight's axis makes: those it already has when another node shares the weight, otherwise fresh ones.
    /// </summary>
    /// <exception cref="BrokenModelException">The weight's elements are no numbers of whole bytes.</exception>
    public int[] Produce(Node node, int input, int weightAxis, int outputAxis)
    {
        var weight = node.Required(input);
        var length = checked((int)(Constants[weight]?.Dims[weightAxis]
            ?? throw new BrokenModelException($"{node}: '{weight.Name}' {weight.Shape} holds no numbers.")));
        var ids = Channels(weight, weightAxis) ?? Fresh(node, length, outputAxis);
        Bind(node, input, weightAxis, ids);
        return ids;
    }

    public void Couple(int a, int b) => _ids.Union(a, b);

    public void Couple(int[] a, int[] b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            _ids.Union(a[i], b[i]);
        }
    }

    /// <summary>
    /// Says that the node sums over the axis, so that a channel which leaves counts as zero here: the place where the oracle
    /// <i>masked equals pruned</i> puts its mask.
    /// </summary>
    public void Reads(Node node, int input, int axis)
    {
        if (Channels(node.Required(input), axis) is not null)
        {
            _consumers.Add(new ChannelConsumer(node, input, axis));
        }
    }

    public void Pin(int[]? ids, BlockedReason reason)
    {
        foreach (var id in ids ?? [])
        {
            _pins.TryAdd(id, reason);
        }
    }

    public void Pin(Node node, Value value, int axis, string reason) =>
        Pin(Channels(value, axis), new BlockedReason(node, $"{node} {reason}"));

    /// <summary>Pins every channel of a value.</summary>
    public void PinAll(Value value, BlockedReason reason)
    {
        if (value.Shape is { } shape)
        {
            for (var axis = 0; axis < shape.Rank; axis++)
            {
                Pin(Channels(value, axis), reason);
            }

            return;
        }

        foreach (var (_, ids) in _axes.Where(a => a.Key.Value == value).ToArray())
        {
            Pin(ids, reason);
        }
    }

    /// <summary>Gives up on a node: its inputs' channels stay, its outputs carry none.</summary>
    public void Block(Node node, string reason)
    {
        foreach (var input in node.Inputs.OfType<Value>())
        {
            PinAll(input, new BlockedReason(node, $"{node} {reason}"));
        }
    }

    /// <summary>Says that the node's rule accounts for every channel count that hides in this integer input.</summary>
    public void UnderstandsShape(Node node, int input) => _understoodShapes.Add(new Use(node, input));

    /// <summary>
    /// Says that the list of lengths in an integer input follows a cut (see <see cref="ChannelCut.SetLengths"/>). Where it says how many
    /// channels there are, their number takes the place of the old one. Everywhere else, a length that is computed from channel counts
    /// stays the number that it is, or pins them where that is not known.
    /// </summary>
    /// <param name="channelsAt">The channels whose number an element is; null for other elements.</param>
    public void FollowLengths(Node node, int input, Func<int, int[]?> channelsAt)
    {
        if (node.Input(input) is not { } list || Terms[list] is not { } lengths)
        {
            return;
        }

        UnderstandsShape(node, input);
        var isReplaceable = Constants[list] is not null || Model.Opset >= FirstWhere;
        for (var i = 0; i < lengths.Length; i++)
        {
            var channels = channelsAt(i);
            if (channels is not null
                && lengths[i] is { IsPlain: true, Sources: [var source] }
                && ReferenceEquals(Channels(source.Value, source.Axis), channels))
            {
                continue;
            }

            if (!isReplaceable)
            {
                Pin(channels, new BlockedReason(node, $"{node} takes their number from '{list.Name}', which is computed"));
            }

            if (!isReplaceable || (channels is null && lengths[i].Known is null))
            {
                foreach (var (value, axis) in lengths[i].Sources)
                {
                    Pin(node, value, axis, "reads its channel count as a number");
                }
            }
        }
    }

    /// <summary>Why a value carries no channels, for messages.</summary>
    public static string Describe(Value value) => value.Producer is { } producer ? $"the output of {producer}" : $"'{value.Name}'";

    private void Remember(Node node, int input, int axis, Value constant)
    {
        if (!_bindings.TryGetValue(constant, out var uses))
        {
            _bindings.Add(constant, uses = []);
        }

        var use = new Use(node, input);
        if (!uses.TryGetValue(use, out var axes))
        {
            uses.Add(use, axes = []);
        }

        axes.Add(axis);
    }

    private bool IsConstantExpression(Node node) => Constants.IsConstant(node);

    /// <summary>A channel count that leaves the shape arithmetic to be used as a number must not change.</summary>
    private void PinLeakedLengths(Node node)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { } input
                || IsConstant(input)
                || Terms[input] is not { } terms
                || _understoodShapes.Contains(new Use(node, i)))
            {
                continue;
            }

            if (node.Outputs.Count == 1 && node.Outputs[0] is { } output && Terms[output] is not null)
            {
                continue; // Still shape arithmetic.
            }

            foreach (var source in terms.SelectMany(t => t.Sources))
            {
                Pin(node, source.Value, source.Axis, "reads its channel count as a number");
            }
        }
    }

    /// <summary>
    /// A constant that loses channels through one use must do so through every use. Nodes that only compute further constants of it
    /// (exporters share equal weights through Identity) do not count: they keep the old content when it is cut.
    /// </summary>
    private void PinHalfBoundConstants()
    {
        foreach (var (axis, reason) in _unbound)
        {
            Pin(_axes.GetValueOrDefault(axis), reason);
        }

        foreach (var (constant, uses) in _bindings)
        {
            var axes = uses.Values.SelectMany(a => a).ToHashSet();
            if (constant.IsGraphOutput)
            {
                PinAll(constant, new BlockedReason(null, $"'{constant.Name}' is also an output of the graph"));
            }

            foreach (var use in constant.Uses.Where(u => u.IsCapture || !IsConstantExpression(u.Node)))
            {
                if (!uses.TryGetValue(use, out var bound) || !bound.SetEquals(axes))
                {
                    PinAll(constant, new BlockedReason(use.Node, $"'{constant.Name}' is also read by {use.Node}"));
                }
            }
        }
    }
}
