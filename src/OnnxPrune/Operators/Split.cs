using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// The parts of X along an axis, of the sizes in the attribute (before opset 13) or second input 'split', or of equal sizes. Each
/// output has its part of the channels; where the parts shrink, their sizes are written out.
/// </summary>
internal sealed class Split : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        var axis = Axis(node, x);
        var sizes = flow.Channels(x, axis) is { } ids ? Sizes(node, flow, ids.Length) : null;
        if (flow.Channels(x, axis) is { } && sizes is null)
        {
            flow.Block(node, "splits them into parts whose sizes are not known beforehand");
            return;
        }

        if (sizes is not null || flow.Terms.Known(node.Input(1)) is not null)
        {
            flow.UnderstandsShape(node, 1);
        }

        var start = 0;
        for (var part = 0; part < node.Outputs.Count; part++)
        {
            for (var k = 0; k < ChannelFlow.Rank(x); k++)
            {
                var channels = flow.Channels(x, k);
                flow.Set(node.Outputs[part], k, k == axis && channels is not null ? channels[start..(start + sizes![part])] : channels);
            }

            start += sizes?[part] ?? 0;
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x)
        {
            return null;
        }

        var axis = (int)node.Int("axis", 0) is var stated && stated < 0 ? stated + x.Rank : stated;
        var part = axis < x.Rank && x[axis].Size is { } length
            ? Sizes(node, terms, checked((int)length)) is { } sizes
            ? sizes[output]
            : (long?)null
            : node.Input(1) is { } input ? terms.Known(input)?.ElementAtOrDefault(output)
            : node.Ints("split")?.ElementAtOrDefault(output);
        return [.. x.Select((d, i) => i == axis ? new Dim(part) : d)];
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var axis = Axis(node, node.Required(0));
        if (!cut.Changes(node.Required(0), axis) && !cut.ChangesNumbers(node, 1))
        {
            return;
        }

        var kept = cut.Graph.Channels(node.Required(0), axis) is null
            ? cut.Graph.Terms.Known(node.Input(1))!
            : [.. node.Outputs.Select((_, part) => Part(node, cut, part))];
        cut.SetLongs(node, "split", 1, kept, isInput: cut.Graph.Model.Opset >= 13);
        node.RemoveAttribute("num_outputs");
    }

    // An output that nobody asked for has no value to count channels on.
    private static long Part(Node node, ChannelCut cut, int part)
    {
        var ids = cut.Graph.Channels(node.Required(0), Axis(node, node.Required(0)))!;
        var sizes = Sizes(node, cut.Graph.Terms, ids.Length)!;
        return ids.Skip(sizes[..part].Sum()).Take(sizes[part]).Count(cut.Stays);
    }

    private static int Axis(Node node, Value x) => (int)node.Int("axis", 0) is var axis && axis < 0 ? axis + ChannelFlow.Rank(x) : axis;

    private static int[]? Sizes(Node node, ChannelFlow flow, int length) => Sizes(node, flow.Terms, length);

    private static int[]? Sizes(Node node, Constants.ShapeTerms terms, int length)
    {
        var stated = node.Input(1) is { } input ? terms.Known(input) : node.Ints("split");
        if (stated is null ? node.Input(1) is not null : !Array.TrueForAll(stated, s => s >= 0 && s <= length))
        {
            return null;
        }

        var count = node.Outputs.Count;
        var chunk = (length + count - 1) / count;
        var sizes = stated is null
            ? Enumerable.Range(0, count).Select(part => Math.Max(0, Math.Min(chunk, length - (part * chunk)))).ToArray()
            : Array.ConvertAll(stated, s => (int)s);
        return sizes.Length == count && sizes.Sum(s => (long)s) == length ? sizes : null;
    }
}
