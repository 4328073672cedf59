using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>A map of the residual blocks: kept, thinned, removed, computing with integers.</summary>
internal static class BlocksSection
{
    public static Section? Of(IReadOnlyList<ReportBlock> blocks) => blocks.Count == 0 ? null : new Section(
        "blocks",
        "Map of the blocks",
        Element.Of(
            "p",
            string.Join(", ", blocks.GroupBy(b => b.State).Select(g => $"{Numbers.Count(g.Count())} {g.Key}")),
            ". In the network's order, with the share of each block's MACs that is left:"),
        Element.Of("ol", blocks.Select(Cell)).With("class", "blocks"));

    private static Element Cell(ReportBlock block) =>
        Element.Of("li", Element.Of("b", block.Name), State(block)).With("class", block.State);

    private static string State(ReportBlock block)
    {
        var state = block.State == "removed" ? "removed" : $"{block.State}, {Numbers.Share(block.MacsAfter, block.MacsBefore)}";
        return block.Int8Layers == 0 ? state : $"{state}, int8 in {block.Int8Layers} of {Numbers.Count(block.Layers, "layer")}";
    }
}
