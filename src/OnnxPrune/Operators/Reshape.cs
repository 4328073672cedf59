using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

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

        if (x.Shape is not { } from || Result(node, flow.Terms) is not { } to)
        {
            flow.Block(node, "regroups axes into some that are not known beforehand");
            return;
        }

        if (Target(node, flow.Terms, to) is null && Stated(node, flow.Terms) is null)
        {
            flow.Block(node, "has a target with several unknown lengths, which cannot be written anew");
            return;
        }

        AxisRegrouping.Flow(node, flow, x, AxisRegrouping.Blocks(from, to), to);
        if (Target(node, flow.Terms, to) is null)
        {
            flow.FollowLengths(node, 1, axis => flow.Channels(node.Output, axis));
        }
        else
        {
            flow.UnderstandsShape(node, 1);
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (Stated(node, terms) is not { } stated)
        {
            return null;
        }

        var from = terms.ShapeOf(node.Required(0));
        var allowsZero = node.Int("allowzero", 0) != 0;
        var sizes = stated.Select((length, axis) => length switch
        {
            { Known: 0 } when !allowsZero => from is not null && axis < from.Rank ? from[axis] : Dim.Unknown,
            { Known: < 0 } => Dim.Unknown,
            _ => terms.DimOf(length),
        }).ToArray();
        if (from is not null && Array.FindIndex(stated, length => length.Known == -1) is >= 0 and var open)
        {
            sizes[open] = Quotient(from, [.. sizes.Where((_, axis) => axis != open)]);
        }

        return sizes;
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (x.Shape is not { } from || Result(node, cut.Graph.Terms) is not { } to)
        {
            return;
        }

        if (Target(node, cut.Graph.Terms, to) is not { } target)
        {
            // A number, 0 or -1 that is left as it is still says the same.
            var stated = Stated(node, cut.Graph.Terms);
            cut.SetLengths(node, "shape", 1, axis =>
                stated?[axis] is { Known: <= 0, Sources.Count: 0 } length && Stays(length.Known.Value, cut, node, axis)
                    ? null
                    : cut.Keep(node.Output, axis));
            return;
        }

        if (!Enumerable.Range(0, from.Rank).Any(axis => cut.Changes(x, axis)) && !cut.ChangesNumbers(node, 1))
        {
            return;
        }

        for (var axis = 0; axis < target.Length; axis++)
        {
            if (!Stays(target[axis], cut, node, axis) && cut.Keep(node.Output, axis) is { } keep)
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
        node.Required(0).Shape is { Rank: 4 } from && from[2].Size == 1 && from[3].Size == 1 && node.Output.Shape is { Rank: 2 } to
            && to[1].Size == from[1].Size
            ? flow.Of(node.Required(0))
            : null;

    /// <summary>The dimensions of Y, as far as the target and the inferred shape tell; null where neither tells their number.</summary>
    private Dim[]? Result(Node node, ShapeTerms terms)
    {
        var known = node.Output.Shape;
        return Sizes(node, 0, terms) is not { } sizes ? known?.ToArray()
            : [.. sizes.Select((dim, axis) => dim.IsNamed || known is null || axis >= known.Rank ? dim : known[axis])];
    }

    /// <summary>The product of some dimensions over that of others; unknown where open ones are left.</summary>
    private static Dim Quotient(IReadOnlyList<Dim> product, IReadOnlyList<Dim> factors)
    {
        var open = product.Where(d => !d.IsKnown).ToList();
        var (above, below) = (product.Aggregate(1L, (p, d) => p * (d.Size ?? 1)), factors.Aggregate(1L, (p, d) => p * (d.Size ?? 1)));
        foreach (var factor in factors.Where(d => !d.IsKnown))
        {
            if (open.FindIndex(d => d.SurelyEquals(factor)) is not (>= 0 and var same))
            {
                return Dim.Unknown;
            }

            open.RemoveAt(same);
        }

        return below == 0 || above % below != 0 ? Dim.Unknown
            : open.Count == 0 ? new Dim(above / below)
            : open.Count == 1 && above == below ? open[0]
            : Dim.Unknown;
    }

    /// <summary>True if a 0 that copies a length, or a −1, says after the cut what it said before.</summary>
    private static bool Stays(long stated, ChannelCut cut, Node node, int axis) => stated == -1
        || (stated == 0 && cut.Keep(node.Required(0), axis)?.Count == cut.Keep(node.Output, axis)?.Count);

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
