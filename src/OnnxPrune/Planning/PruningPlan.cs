using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>The cuts of a model, in names that it knows. Applied to the same model it gives the same bytes.</summary>
/// <param name="Blocks">Residual blocks, by the name of the node that joins branch and shortcut.</param>
/// <param name="Channels">Channels, each set by one of the layers that make them; coupled layers follow.</param>
/// <param name="AbsorbMeans">Whether what the removed channels contribute on average is added to their readers' biases.</param>
public sealed record PruningPlan(IReadOnlyList<string> Blocks, IReadOnlyList<LayerCut> Channels, bool AbsorbMeans)
{
    public const int CurrentSchemaVersion = 1;

    /// <summary>The metadata property of a model that carries a plan for itself.</summary>
    public const string MetadataKey = "onnxprune.plan";

    public static readonly PruningPlan Empty = new([], [], false);

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>The rule that the cuts follow, as a phrase: "the target macs=50%". Null where nobody said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Rule { get; init; }

    [JsonIgnore]
    public bool IsEmpty => Blocks.Count == 0 && Channels.Count == 0;

    public string ToJson() => JsonSerializer.Serialize(this, PlanJson.Default.PruningPlan) + "\n";

    /// <exception cref="UsageException">The text is no plan, or one of another schema version.</exception>
    public static PruningPlan FromJson(string json, string source)
    {
        PruningPlan? plan;
        try
        {
            plan = JsonSerializer.Deserialize(json, PlanJson.Default.PruningPlan);
        }
        catch (JsonException e)
        {
            throw new UsageException($"{source} is no pruning plan: {e.Message}", e);
        }

        if (plan is null || plan.Blocks is null || plan.Channels is null || plan.Channels.Any(c => c?.Layer is null || c.Cut is null)
            || plan.Blocks.Any(b => b is null))
        {
            throw new UsageException($"{source} is no pruning plan: it wants 'blocks' and 'channels'.");
        }

        return plan.SchemaVersion == CurrentSchemaVersion
            ? plan
            : throw new UsageException(
                $"{source} has the schema version {plan.SchemaVersion}; this program reads version {CurrentSchemaVersion}.");
    }
}

/// <param name="Layer">The node that makes the channels.</param>
/// <param name="Axis">The axis of its first output that they lie on.</param>
/// <param name="Of">The length of the axis before the cut.</param>
/// <param name="Cut">The indices that leave, sorted.</param>
public sealed record LayerCut(string Layer, int Axis, int Of, IReadOnlyList<int> Cut)
{
    /// <summary>Names channels by the layers that make them first.</summary>
    internal static IReadOnlyList<LayerCut> From(ChannelGraph graph, NodeNames names, IEnumerable<int> channels) =>
        [.. channels
            .GroupBy(c => (graph.Origin(c).Node, graph.Origin(c).Axis))
            .Select(g => From(graph, names, g.Key.Node, g.Key.Axis, [.. g]))];

    private static LayerCut From(ChannelGraph graph, NodeNames names, Node node, int axis, HashSet<int> leaving)
    {
        var made = graph.MadeBy(node, axis)!;
        return new LayerCut(names.Of(node), axis, made.Count, [.. Enumerable.Range(0, made.Count).Where(i => leaving.Contains(made[i]))]);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PruningPlan))]
internal sealed partial class PlanJson : JsonSerializerContext;
