using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Moments;

/// <summary>
/// Statistics of the values' channels without any data: their means and variances as BatchNormalization's parameters state
/// them, and which are constant for certain. One pass in topological order; what an operator does not know stays unknown.
/// </summary>
internal sealed class MomentsFlow
{
    private readonly Dictionary<Value, ChannelMoments> _known = [];

    private MomentsFlow(ConstantValues constants) => Constants = constants;

    public ConstantValues Constants { get; }

    /// <param name="rule">What an operator says about its first output; null where it knows nothing.</param>
    internal static MomentsFlow Through(Model model, ConstantValues constants, Func<Node, MomentsFlow, ChannelMoments?> rule)
    {
        var flow = new MomentsFlow(constants);
        foreach (var node in model.Graph.TopologicalOrder())
        {
            if (node.Outputs.Count > 0 && node.Outputs[0] is { } output && RuleFault.NameIn(node, () => rule(node, flow)) is { } moments)
            {
                flow._known[output] = moments;
            }
        }

        return flow;
    }

    /// <summary>The same of a copy of the graph, before it changes.</summary>
    /// <param name="constants">The copy's.</param>
    internal MomentsFlow CopyTo(CopyMap copyOf, ConstantValues constants)
    {
        var copy = new MomentsFlow(constants);
        foreach (var (value, moments) in copyOf.Of(_known))
        {
            copy._known.Add(value, moments.CopyTo(copyOf));
        }

        return copy;
    }

    public ChannelMoments? Of(Value value) => _known.GetValueOrDefault(value);

    /// <summary>The output of a layer whose weight rows are zero is its bias, for certain; nothing is known of other rows.</summary>
    public ChannelMoments? OfSilentRows(Node node, int weight, int axis, int bias, int outputAxis)
    {
        if (Constants[node.Input(weight)] is not { } w || !w.ElementType.IsFloatingPoint())
        {
            return null;
        }

        var silent = WeightRows.AllZero(w, axis);
        if (!silent.Contains(true))
        {
            return null;
        }

        var shift = Constants[node.Input(bias)]?.ToDoubles();
        return ChannelMoments.Of(outputAxis, silent.Length, row => silent[row] ? Moment.Constant(shift?[row] ?? 0) : null);
    }
}
