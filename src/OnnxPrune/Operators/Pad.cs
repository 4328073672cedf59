using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X with elements added before and after each axis (negative: removed), as attribute before opset 11 and inputs 'pads',
/// 'constant_value', 'axes' after. Along channels (the parameter-free shortcut of He's option A) the added ones are channels of
/// their own, all equal to the constant: they leave like any other, and the paddings shrink.
/// </summary>
internal sealed class Pad : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        var pads = Pads(node, flow.Terms, ChannelFlow.Rank(x));
        if (pads is not null && pads.All(p => p is { Before: not null, After: not null }))
        {
            flow.UnderstandsShape(node, 1);
        }

        for (var axis = 0; axis < ChannelFlow.Rank(x); axis++)
        {
            if (flow.Channels(x, axis) is not { } channels)
            {
                continue;
            }

            if (pads?[axis] is not { Before: { } before, After: { } after })
            {
                flow.Pin(node, x, axis, "pads them by a number that is not known beforehand");
            }
            else if (before == 0 && after == 0)
            {
                flow.Set(node.Output, axis, channels);
            }
            else if (before < 0
                || after < 0
                || node.String("mode", "constant") != "constant"
                || pads.Any(p => p.Before is null || p.After is null))
            {
                flow.Pin(node, x, axis, "pads them other than with constant channels");
            }
            else
            {
                // One call, so that the origins of the added channels are numbered by their place in the output.
                var added = flow.Fresh(node, (long)Math.Min(long.MaxValue, (decimal)before + channels.Length + after), axis);
                flow.Couple(added[(int)before..(int)(before + channels.Length)], channels);
                flow.Set(node.Output, axis, added);
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x)
        {
            return null;
        }

        var pads = Pads(node, terms, x.Rank);
        return [.. x.Select((d, axis) =>
            pads?[axis] is { Before: 0, After: 0 } ? d : new Dim(d.Size + pads?[axis].Before + pads?[axis].After))];
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        var changes = cut.ChangesNumbers(node, 1);
        if ((!changes && !Enumerable.Range(0, rank).Any(axis => cut.Changes(node.Output, axis)))
            || Pads(node, cut.Graph.Terms, rank) is not { } pads)
        {
            return;
        }

        var result = new long[2 * rank];
        for (var axis = 0; axis < rank; axis++)
        {
            if (pads[axis] is not { Before: { } before, After: { } after })
            {
                return; // Dynamic paddings elsewhere: no channel was padded, or it would have been pinned.
            }

            if (cut.Graph.Channels(node.Output, axis) is { } channels && (before > 0 || after > 0))
            {
                changes = true;
                before = channels.Take((int)before).Count(cut.Stays);
                after = channels.TakeLast((int)after).Count(cut.Stays);
            }

            (result[axis], result[rank + axis]) = (before, after);
        }

        if (changes)
        {
            cut.SetLongs(node, "pads", 1, result, isInput: cut.Graph.Model.Opset >= 11);
            if (node.Input(3) is not null)
            {
                node.TrimInputs(3); // All axes are written out now.
            }
        }
    }

    private static (long? Before, long? After)[]? Pads(Node node, Constants.ShapeTerms terms, int rank)
    {
        var stated = node.Input(1) is { } input
            ? terms[input]?.Select(t => t.Known).ToArray()
            : (node.Ints("pads") ?? node.Ints("paddings"))?.Select(p => (long?)p).ToArray();
        var axes = node.Input(3) is { } which ? terms.Known(which) : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        if (stated is null || axes is null || stated.Length != 2 * axes.Length)
        {
            return null;
        }

        var pads = new (long? Before, long? After)[rank];
        Array.Fill(pads, (0, 0));
        for (var i = 0; i < axes.Length; i++)
        {
            pads[axes[i] < 0 ? axes[i] + rank : axes[i]] = (stated[i], stated[axes.Length + i]);
        }

        return pads;
    }
}
