using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X's elements, in row-major order, under the dimensions of the target (attribute before opset 5, input after): 0 copies X's
/// dimension at that place, −1 is whatever remains. Where channel counts change, the target is written anew as a constant.
/// </summary>
internal sealed class Reshape : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (Sizes(node, flow.Terms) is not { } to || x.Shape is not { } from || AxisRegrouping.Blocks(from, to) is not { } blocks)
        {
            flow.Block(node, "regroups axes of unknown length");
            return;
        }

        if (Target(node, flow.Terms, to) is null)
        {
            flow.Block(node, "has a target with several unknown lengths, which cannot be written anew");
            return;
        }

        flow.UnderstandsShape(node, 1);
        AxisRegrouping.Flow(node, flow, x, blocks, to);
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (Sizes(node, cut.Graph.Terms) is not { } to || Target(node, cut.Graph.Terms, to) is not { } target)
        {
            return;
        }

        if (!Enumerable.Range(0, x.Shape!.Rank).Any(axis => cut.Changes(x, axis)))
        {
            return;
        }

        for (var axis = 0; axis < target.Length; axis++)
        {
            if (target[axis] >= 0 && cut.Keep(node.Output, axis) is { } keep && !(target[axis] == 0 && cut.Keep(x, axis) is { } own && own.Count == keep.Count))
            {
                target[axis] = keep.Count;
            }
        }

        if (cut.Graph.Constants.Longs(node.Input(1)) is not { } old || !old.SequenceEqual(target))
        {
            cut.SetLongs(node, "shape", 1, target, isInput: cut.Graph.Model.Opset >= 5);
        }
    }

    public override ChannelMoments? Moments(Node node, MomentsFlow flow) =>
        node.Required(0).Shape is { Rank: 4 } from && from[2].Size == 1 && from[3].Size == 1 && node.Output.Shape is { Rank: 2 } to && to[1].Size == from[1].Size
            ? flow.Of(node.Required(0))
            : null;

    /// <summary>The dimensions of Y, as far as the target and the inferred shape tell.</summary>
    private static Dim[]? Sizes(Node node, ShapeTerms terms)
    {
        if (node.Required(0).Shape is not { } from)
        {
            return null;
        }

        var stated = Stated(node, terms);
        if (stated is null)
        {
            return node.Output.Shape?.ToArray();
        }

        var allowsZero = node.Int("allowzero", 0) != 0;
        var sizes = stated.Select((term, axis) => term switch
        {
            { Known: 0 } when !allowsZero && axis < from.Rank => from[axis],
            { Known: >= 0 } => new Dim(term.Known),
            { IsPlain: true, Sources: [var source] } when source.Value.Shape is { } shape => shape[source.Axis],
            _ => node.Output.Shape is { } inferred && axis < inferred.Rank ? inferred[axis] : Dim.Unknown,
        }).ToArray();
        var open = Array.FindIndex(stated, t => t.Known == -1);
        if (open >= 0 && !sizes[open].IsKnown && from.IsKnown && sizes.Where((_, i) => i != open).All(d => d.IsKnown))
        {
            var others = sizes.Where((_, i) => i != open).Aggregate(1L, (p, d) => p * d.Size!.Value);
            sizes[open] = others == 0 ? Dim.Unknown : new Dim(from.Aggregate(1L, (p, d) => p * d.Size!.Value) / others);
        }

        return sizes;
    }

    private static DimTerm[]? Stated(Node node, ShapeTerms terms) => node.Input(1) is { } input
        ? terms[input]
        : node.Ints("shape")?.Select(n => DimTerm.Constant(n)).ToArray();

    /// <summary>The target as constants: numbers, 0 where a dimension of X is copied, and at most one −1.</summary>
    private static long[]? Target(Node node, ShapeTerms terms, Dim[] sizes)
    {
        var from = node.Required(0).Shape!;
        var stated = Stated(node, terms);
        var allowsZero = node.Int("allowzero", 0) != 0;
        var target = new long[sizes.Length];
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            target[axis] = stated?[axis].Known is { } number && stated[axis].Sources.Count == 0 ? number
                : sizes[axis].Size is { } size ? size
                : !allowsZero && axis < from.Rank && sizes[axis].SurelyEquals(from[axis]) ? 0
                : -1;
        }

        return target.Count(t => t == -1) <= 1 ? target : null;
    }
}
