using System.CommandLine;
using System.Text.RegularExpressions;
using ModelMaker;
using ModelMaker.Styles;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace Coverage;

/// <summary>The command line that tools/coverage calls.</summary>
internal static class CommandLine
{
    // The networks for ImageNet are made for images that their last maps can still be pooled from.
    private const int SmallImages = 32;

    public static int Run(string[] args)
    {
        var only =
            new Option<string>("--only")
            {
                Description =
                "Networks and files whose name matches, as a regular expression.",
                DefaultValueFactory =
                _ =>
            ""
            };
        var style = new Option<string>("--style")
        {
            Description =
            "Instead, the made networks alone, with open sizes as one of PyTorch's exporters writes them: torchscript or dynamo."
        };
        style.AcceptOnlyFromAmong("torchscript", "dynamo");
        var command = new RootCommand("Prunes every made network and every model of ../shared/models, and prints a table.") { only, style };
        command.SetAction(given => CoveragePage.Write(Rows(new Regex(given.GetRequiredValue(only)), given.GetValue(style)), Console.Out));
        return command.Parse(args).Invoke();
    }

    private static IEnumerable<CoverageRow> Rows(Regex only, string? style)
    {
        if (style is not null)
        {
            var open = style == "dynamo" ? Style.Dynamo : Style.TorchScript;
            foreach (var network in Catalog.All.Where(n => n.Style == Style.PyTorch && only.IsMatch(n.Name)))
                yield return CoverageRow.Of(network.Name, open.Name, () => Make(Catalog.In(open, network)));
            yield break;
        }

        foreach (var network in Catalog.All.Where(n => only.IsMatch(n.Name)))
            yield return CoverageRow.Of(network.Name, network.Style.Name, () => Make(network));
        foreach (var file in SharedFiles.Models.Where(f => only.IsMatch(f)))
            yield return CoverageRow.Of(file, null, () => OnnxFile.Read(SharedFiles.Model(file)));
    }

    private static OnnxPrune.Graphs.Model Make(Network network)
    {
        var isForImageNet = network.Name.StartsWith("resnet", StringComparison.Ordinal)
            && !network.Name.Contains('_', StringComparison.Ordinal);
        var made = MadeNetwork.Make(network, new MakeOptions { Size = isForImageNet ? SmallImages : null });
        return OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(made.Model));
    }
}
