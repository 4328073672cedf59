using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The statements of a result about its making: a line in the model's metadata for each run that changed it, and a doc string at each node
/// whose weight was cut. No dates and no paths, so that the same run gives the same bytes.
/// </summary>
internal static class Provenance
{
    /// <summary>The metadata property; its lines say the program's version and what was done.</summary>
    public const string MetadataKey = "onnxprune.provenance";

    private static readonly string s_version =
        typeof(Provenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Adds what was cut, and by which plan: the SHA-256 is that of the file that <c>--plan-out</c> writes.</summary>
    public static void Add(PruneOutcome outcome)
    {
        if (outcome.ChangedNothing)
        {
            return;
        }

        var plan = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(outcome.Plan.ToJson())));
        Add(outcome.Model, $"cut by {outcome.Plan.Rule ?? "a plan"}; plan SHA-256 {plan}");
        var originals = outcome.Original.Model.Graph.Nodes.Where(n => n.Outputs is [{ }, ..]).ToDictionary(n => n.Output.Name);
        foreach (var node in outcome.Model.Graph.Nodes.Where(n => n.Outputs is [{ }, ..]))
        {
            if (originals.TryGetValue(node.Output.Name, out var original) && (Weight(original), Weight(node)) is ({ } before, { } after)
                && before != after)
            {
                node.Remark = $"onnxprune: weight {before} cut to {after}";
            }
        }
    }

    /// <summary>Adds a line.</summary>
    public static void Add(Model model, string what)
    {
        var before = model.Metadata.TryGetValue(MetadataKey, out var lines) ? lines + "\n" : "";
        model.Metadata[MetadataKey] = $"{before}onnxprune {s_version}: {what}";
    }

    /// <summary>The dimensions of a node's first weight of two axes or more, such as 64x32x3x3; null where it has none.</summary>
    private static string? Weight(Node node) =>
        node.Inputs.Select(v => v?.Initializer).FirstOrDefault(t => t?.Dims.Count > 1) is { } weight ? string.Join('x', weight.Dims) : null;
}
