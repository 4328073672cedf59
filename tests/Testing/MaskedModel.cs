using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Testing;

/// <summary>
/// The other side of the oracle <i>masked equals pruned</i>: the original, made to treat the removed channels and branches as zero.
/// Given: y = reader(x)   Result: y = reader(Mul(x, mask)), with zeros in the mask for channels that leave. Nothing is sliced, so
/// that no code of the pruner takes part.
/// </summary>
internal static class MaskedModel
{
    /// <param name="target">The graph to mask, changed in place.</param>
    /// <param name="channels">The channels of a copy, some of whose blocks may be gone.</param>
    /// <param name="twins">The target's nodes by those of the copy.</param>
    /// <param name="blocks">The target's blocks whose branches count as zero.</param>
    public static void Apply(
        Graph target, ChannelGraph channels, IReadOnlySet<int> leaving, IReadOnlyDictionary<Node, Node> twins,
        IEnumerable<ResidualBlock> blocks)
    {
        foreach (var block in blocks)
        {
            Mask(target, block.Join, block.BranchInput, 0, [0.0]);
        }

        foreach (var reader in channels.Consumers)
        {
            var read = channels.Channels(reader.Value, reader.Axis)!;
            if (read.Any(leaving.Contains))
            {
                Mask(target, twins[reader.Node], reader.Input, reader.Axis, [.. read.Select(c => leaving.Contains(c) ? 0.0 : 1.0)]);
            }
        }
    }

    private static void Mask(Graph graph, Node node, int input, int axis, double[] mask)
    {
        var value = node.Required(input);
        var dims = new long[value.Shape!.Rank];
        Array.Fill(dims, 1);
        dims[axis] = mask.Length;
        var template = new Tensor(value.ElementType, [0], Array.Empty<byte>());
        var constant = graph.AddFreshInitializer($"{value.Name}.mask", template.WithValues(mask, dims));
        var masked = graph.AddNode("", "Mul", [value, constant], [graph.FreshName($"{value.Name}.masked")], before: node);
        (masked.Output.Shape, masked.Output.ElementType) = (value.Shape, value.ElementType);
        node.SetInput(input, masked.Output);
    }
}
