using System.CommandLine;
using System.Text.RegularExpressions;
using ModelMaker;
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
        var only = new Option<string>("--only") { Description = "Networks and files whose name matches, as a regular expression.", DefaultValueFactory = _ => "" };
        var command = new RootCommand("Prunes every made network and every model of ../shared/models, and prints a table.") { only };
        command.SetAction(given => CoveragePage.Write(Rows(new Regex(given.GetRequiredValue(only))), Console.Out));
        return command.Parse(args).Invoke();
    }

    private static IEnumerable<CoverageRow> Rows(Regex only)
    {
        foreach (var network in Catalog.All.Where(n => only.IsMatch(n.Name)))
            yield return CoverageRow.Of(network.Name, network.Style.Name, () => Make(network));
        foreach (var file in SharedFiles.Models.Where(f => only.IsMatch(f)))
            yield return CoverageRow.Of(file, null, () => OnnxFile.Read(SharedFiles.Model(file)));
    }

    private static OnnxPrune.Graphs.Model Make(Network network)
    {
        var isForImageNet = !network.Name.Contains('_', StringComparison.Ordinal) && network.Name != "mlp";
        var made = MadeNetwork.Make(network, new MakeOptions { Size = isForImageNet ? SmallImages : null });
        return OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(made.Model));
    }
}
