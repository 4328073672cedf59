using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Testing;

/// <summary>
/// The other side of the oracle <i>masked equals pruned</i>: the original, made to treat the removed channels and branches as zero.
/// Given: y = reader(x)   Result: y = reader(Mul(x, mask)), with zeros in the mask for channels that leave. Nothing is sliced, so
/// that no code of the pruner takes part.
/// </summary>
public static class MaskedModel
{
    /// <param name="graph">The channels of the model to mask, which is changed in place.</param>
    public static void Apply(ChannelGraph graph, IReadOnlySet<int> leaving, IEnumerable<ResidualBlock> blocks)
    {
        var target = graph.Model.Graph;
        foreach (var reader in graph.Readers)
        {
            var channels = graph.Channels(reader.Value, reader.Axis)!;
            if (channels.Any(leaving.Contains))
            {
                Mask(target, reader.Node, reader.Input, reader.Axis, [.. channels.Select(c => leaving.Contains(c) ? 0.0 : 1.0)]);
            }
        }

        foreach (var block in blocks)
        {
            Mask(target, block.Join, block.BranchInput, 0, [0.0]);
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
        node.SetInput(input, masked.Output);
    }
}
