using System.Text.Json;
using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Channels;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Inspecting;

/// <summary>The steps of <c>onnxprune inspect in.onnx</c>.</summary>
/// <param name="measure">Names calibration inputs where the damage of cuts is to be measured.</param>
internal sealed class Inspection(string path, MeasureOptions measure, Terminal terminal)
{
    /// <param name="report">The path of a page; null for none.</param>
    public int Execute(bool asJson, string? report)
    {
        CheckReport(report);
        new RunPaths().Reads("the model", path).Reads("the calibration data", measure.CalibPath).Writes("--report", report).Check();
        var loaded = LoadedModel.Read(path, measure, terminal);
        var document = Describe(loaded);
        if (measure.Calib is not null)
        {
            document = document with { Sensitivity = MeasureCuts(loaded) };
        }

        if (report is not null)
        {
            ReportFile.Write(report, InspectReportPage.Write(document));
        }

        if (asJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(document, ReportJson.Default.InspectDocument));
        }
        else
        {
            InspectPage.Show(document, terminal);
        }

        return ExitCode.Done;
    }

    private void CheckReport(string? report)
    {
        if (report is not null && (ReportFormats.Of(report) != ReportFormat.Html || measure.Calib is null))
        {
            throw new UsageException(
                $"--report {report}: inspect draws what cuts would do as a page whose name ends in .html, and measures that by --calib; "
                    + "--json prints the same for machines.");
        }
    }

    private InspectSensitivity MeasureCuts(LoadedModel loaded)
    {
        loaded.Try(terminal);
        new DataReview(loaded, measure, terminal).Check(null, null, repairs: false);
        var network = loaded.Analysis;
        return SensitivityTable.Of(SensitivitySurvey.Take(loaded, network, measure, terminal), network);
    }

    private static InspectDocument Describe(LoadedModel loaded)
    {
        var (model, network) = (loaded.Model, loaded.Analysis);
        var (cost, before, smallest) = (network.Costs, network.Cost, Planner.Smallest(network, new PruneRequest { CutsBlocks = true }));
        return new InspectDocument(
            loaded.Path,
            loaded.Bytes,
            model.Opset,
            model.Graph.Nodes.Count,
            before.Macs,
            before.Parameters,
            before.Channels,
            new InspectSmallest(
                smallest.Macs, smallest.Parameters, Share(smallest.Macs, before.Macs), Share(smallest.Parameters, before.Parameters)),
            Describe(CuttableShare.Of(cost)),
            [.. model.Graph.FedInputs.Select(Describe)],
            [.. model.Graph.Outputs.Select(Describe)],
            [.. network.Blocks.Select(b => Describe(b, cost, before))],
            [.. network.Channels.Groups.Select((g, i) => Describe(g, i, cost, before))
                .OrderByDescending(g => g.Macs)
                .ThenByDescending(g => g.Params)],
            [.. LayerTable.Of(network).Costs.Select(l => new InspectLayer(l.Name, l.Operator, l.Weight, l.Macs, l.Parameters))],
            BlockedCosts.Of(network.Channels, cost),
            Unknown(network.Channels),
            PruneReport.Uncounted(network.Uncounted),
            model.Metadata.ContainsKey(PruningPlan.MetadataKey));
    }

    private static double Share(long part, long whole) => whole == 0 ? 1 : (double)part / whole;

    private static InspectCuttable Describe(CuttableShare share) => new(share.Macs, share.Parameters, share.Channels);

    private static InspectValue Describe(Value value) =>
        new(value.Name, value.ElementType.ToString(), value.Shape is { } shape ? [.. shape.Select(d => d.ToString())] : null);

    private static InspectBlock Describe(ResidualBlock block, CostModel cost, Cost before)
    {
        var without = cost.Evaluate(cost.Whole, block.Branch.Append(block.Join).ToHashSet());
        return new InspectBlock(
            block.Name,
            block.Kind.ToString().ToLowerInvariant(),
            block.Branch.Count + 1,
            before.Macs - without.Macs,
            before.Parameters - without.Parameters,
            block.Obstacle);
    }

    private static InspectGroup Describe(ChannelGroup group, int index, CostModel cost, Cost before)
    {
        var without = cost.Evaluate([.. cost.Whole.Select((kept, i) => i == index ? 0 : kept)]);
        return new InspectGroup(
            group.Name,
            group.Channels.Count,
            before.Macs - without.Macs,
            before.Parameters - without.Parameters,
            [.. group.Producers.Select(p => p.Label)],
            [.. group.Consumers.Select(r => r.Node.Label).Distinct()]);
    }

    private static InspectUnknown[] Unknown(ChannelGraph graph) =>
        [.. graph.Model.Graph.Nodes.Where(n =>
            OperatorTable.Find(n) is null && !n.Outputs.All(o => o is null || graph.Constants[o] is not null))
            .GroupBy(n => (n.Domain, n.OpType))
            .Select(g =>
                new InspectUnknown(
                    g.Key.Domain.Length == 0 ? g.Key.OpType : $"{g.Key.Domain}.{g.Key.OpType}",
                    g.Count(),
                    OperatorTable.WhyUnknown(g.First(), graph.Model)))
            .OrderByDescending(u => u.Nodes)];
}
