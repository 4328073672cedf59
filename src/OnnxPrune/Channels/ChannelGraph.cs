using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>
/// The channel dependency graph: which indices of which axes leave together. Coupled ids are one <i>channel</i>, numbered from 0.
/// Belongs to the model as it was when it was made.
/// </summary>
public sealed class ChannelGraph
{
    private readonly Dictionary<ValueAxis, int[]> _channels = [];
    private readonly ChannelOrigin[] _origins;
    private readonly BlockedReason?[] _pins;
    private readonly Dictionary<Value, IReadOnlyCollection<Use>> _bindings;
    private readonly Dictionary<(Node Node, int Axis), List<int>> _made = [];

    internal ChannelGraph(
        Model model,
        ConstantValues constants,
        ShapeTerms terms,
        Dictionary<ValueAxis, int[]> axes,
        UnionFind ids,
        Dictionary<int, BlockedReason> pins,
        List<ChannelOrigin> origins,
        List<ChannelConsumer> consumers,
        IReadOnlyDictionary<Value, IReadOnlyCollection<Use>> bindings)
    {
        (Model, Constants, Terms, Consumers) = (model, constants, terms, consumers);
        _bindings = new Dictionary<Value, IReadOnlyCollection<Use>>(bindings);

        var channelOf = Number(ids);
        _origins = new ChannelOrigin[Count];
        _pins = new BlockedReason?[Count];
        for (var id = ids.Count - 1; id >= 0; id--)
        {
            _origins[channelOf[id]] = origins[id];
        }

        for (var id = 0; id < ids.Count; id++)
        {
            var list = _made.TryGetValue((origins[id].Node, origins[id].Axis), out var made)
                ? made
                : _made[(origins[id].Node, origins[id].Axis)] = [];
            list.Add(channelOf[id]);
        }

        foreach (var (id, reason) in pins.OrderBy(p => p.Key))
        {
            _pins[channelOf[id]] ??= reason;
        }

        // Axes that hold the same list keep holding the same list: most values just pass their input's channels on.
        var shared = new Dictionary<int[], int[]>(ReferenceEqualityComparer.Instance);
        foreach (var (axis, list) in axes)
        {
            if (!shared.TryGetValue(list, out var numbered))
            {
                shared.Add(list, numbered = Array.ConvertAll(list, id => channelOf[id]));
            }

            _channels.Add(axis, numbered);
        }

        Groups = ChannelGrouping.Of(this, _channels, shared.Values);
        Blocked = [.. _made.SelectMany(m => m.Value.Select(channel => (m.Key.Item1, Reason: _pins[channel])))
            .Where(made => made.Reason is not null)
            .GroupBy(made => made.Reason!.Text)
            .Select(g => new BlockedChannels(g.Key, g.Count(), [.. g.Select(made => made.Item1).Distinct()]))];
    }

    private ChannelGraph(ChannelGraph original, Model copy, CopyMap copyOf)
    {
        Model = copy;
        Constants = original.Constants.CopyTo(copyOf);
        Terms = original.Terms.CopyTo(copyOf, Constants);
        Count = original.Count;
        _channels = original._channels.ToDictionary(c => c.Key.CopyTo(copyOf), c => c.Value);
        _origins = Array.ConvertAll(original._origins, o => o with { Node = copyOf[o.Node] });
        _pins = Array.ConvertAll(original._pins, p => p?.CopyTo(copyOf));
        _bindings = original._bindings.ToDictionary(b => copyOf[b.Key], b => (IReadOnlyCollection<Use>)[.. b.Value.Select(u => copyOf[u])]);
        _made = original._made.ToDictionary(m => (copyOf[m.Key.Node], m.Key.Axis), m => m.Value);
        Consumers = [.. original.Consumers.Select(r => r with { Node = copyOf[r.Node] })];
        Groups = [.. original.Groups.Select(g => g.CopyTo(copyOf))];
        Blocked = [.. original.Blocked.Select(b => b.CopyTo(copyOf))];
    }

    public Model Model { get; }

    internal ConstantValues Constants { get; }

    internal ShapeTerms Terms { get; }

    /// <summary>The number of channels: of sets of coupled ids.</summary>
    public int Count { get; private set; }

    /// <summary>The constants that shrink when channels leave.</summary>
    internal IReadOnlyCollection<Value> Parameters => _bindings.Keys;

    /// <summary>The uses of a parameter that know of its channels. Others, if any, only compute further constants from it.</summary>
    internal IReadOnlyCollection<Use> BoundUses(Value parameter) =>
        [.. _bindings[parameter].Where(u => u.Node.Input(u.Index) == parameter)];

    /// <summary>Every place that sums over channels.</summary>
    public IReadOnlyList<ChannelConsumer> Consumers { get; }

    /// <summary>The groups that can be cut.</summary>
    public IReadOnlyList<ChannelGroup> Groups { get; }

    /// <summary>Channels that cannot be cut, with the reasons.</summary>
    public IReadOnlyList<BlockedChannels> Blocked { get; }

    /// <summary>Every axis that carries channels.</summary>
    internal IEnumerable<ValueAxis> Axes => _channels.Keys;

    /// <summary>The channels along an axis, one per index; null when it carries none.</summary>
    internal int[]? Channels(Value value, int axis) => _channels.GetValueOrDefault(new ValueAxis(value, axis));

    internal int[]? Channels(ValueAxis axis) => _channels.GetValueOrDefault(axis);

    /// <summary>Why the channel must stay; null when it can be cut.</summary>
    internal BlockedReason? WhyPinned(int channel) => _pins[channel];

    /// <summary>The begin of the channel; the first place in topological order when several layers are coupled.</summary>
    internal ChannelOrigin Origin(int channel) => _origins[channel];

    /// <summary>The channels that a node makes along an axis of its first output, by index; null when it makes none there.</summary>
    internal IReadOnlyList<int>? MadeBy(Node node, int axis) => _made.GetValueOrDefault((node, axis));

    /// <summary>The same of a copy of the model, before it changes.</summary>
    internal ChannelGraph CopyTo(Model copy, CopyMap copyOf) => new(this, copy, copyOf);

    /// <summary>Makes a constant that a rewrite has added carry the same channels as another axis.</summary>
    internal void Adopt(Value parameter, int axis, ValueAxis like)
    {
        if (Channels(like) is { } channels)
        {
            _channels[new ValueAxis(parameter, axis)] = channels;
            _bindings[parameter] = parameter.Uses;
        }
    }

    private int[] Number(UnionFind ids)
    {
        var channelOf = new int[ids.Count];
        for (var id = 0; id < ids.Count; id++)
        {
            // The representative is the smallest id of its set, hence already numbered.
            var root = ids.Find(id);
            channelOf[id] = root == id ? Count++ : channelOf[root];
        }

        return channelOf;
    }
}
