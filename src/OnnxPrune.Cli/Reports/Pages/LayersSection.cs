using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The channels of each layer before and after, in the network's order.</summary>
internal static class LayersSection
{
    private const int Colours = 8;

    /// <summary>Null where no layer makes channels.</summary>
    public static Section? Of(IReadOnlyList<ReportLayer> layers)
    {
        ReportLayer[] makers = [.. layers.Where(l => l.ChannelsBefore is not null && ReportStructure.IsWeighted(l.Operator))];
        if (makers.Length == 0)
        {
            return null;
        }

        string[] coupled = [.. makers.Where(l => l.Group is not null).GroupBy(l => l.Group!).Where(g => g.Count() > 1).Select(g => g.Key)];
        var styles = coupled.Select((name, i) => (name, Style: $"g{i % Colours}")).ToDictionary(c => c.name, c => c.Style);
        return new Section(
            "channels",
            "Channels by layer",
            ColumnChart.Of(
                "columns",
                "Channels of each layer before and after, in the network's order",
                "Faint: channels that went. Layers that can only lose their channels together have one colour.",
                [.. makers.Select(l => new Column(l.ChannelsBefore!.Value, l.ChannelsAfter ?? 0, Style(l), Tip(l)))],
                Chart.Legend([.. coupled.Take(Colours).Select(name => (styles[name], $"coupled with {name}")), ("alone", "alone")])),
            Table.Folded(
                "Channels and costs by layer",
                ["Layer", "Operator", "Channels", "after", "MACs", "after", "Parameters", "after", "Coupled with", "Numbers"],
                makers.Select(l => new[]
                {
                    l.Name,
                    l.Operator,
                    Numbers.Plain(l.ChannelsBefore!.Value),
                    l.ChannelsAfter is { } left ? Numbers.Plain(left) : "gone",
                    Numbers.Count(l.MacsBefore),
                    Numbers.Count(l.MacsAfter),
                    Numbers.Count(l.ParamsBefore),
                    Numbers.Count(l.ParamsAfter),
                    l.Group is { } group && styles.ContainsKey(group) ? group : "",
                    l.Int8 ? "int8" : "float",
                }),
                2));

        string Style(ReportLayer layer) => layer.Group is { } group ? styles.GetValueOrDefault(group, "alone") : "alone";
    }

    private static string Tip(ReportLayer layer) => layer.ChannelsAfter is { } after
        ? $"{layer.Name}: {after} of {Numbers.Count(layer.ChannelsBefore!.Value, "channel")}"
        : $"{layer.Name}: gone, {Numbers.Count(layer.ChannelsBefore!.Value, "channel")}";
}
