using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Shapes;

/// <summary>
/// Refuses models of which the runtime would make far more than their files and inputs hold, before it computes anything: their shapes say
/// it.
/// </summary>
internal static class MemoryBound
{
    /// <param name="describe">Element type and shape of a value that is known; unknown dimensions count as 1.</param>
    /// <exception cref="UnsupportedModelException">A value is too large, or all that are computed from constants alone are; the runtime
    /// keeps the latter.</exception>
    public static void Check(Graph graph, Func<Value, (ElementType Type, Shape Shape)?> describe, string name)
    {
        var most = RunLimits.Bytes(graph);
        var (constants, total) = (new HashSet<Value>(graph.Initializers), 0L);
        foreach (var node in graph.TopologicalOrder())
        {
            var isConstant = node.Captures.Count == 0 && node.Inputs.All(i => i is null || constants.Contains(i));
            foreach (var output in node.Outputs.OfType<Value>())
            {
                var bytes = describe(output) is { } known ? RunLimits.Saturated(known.Shape.Select(d => d.Size ?? 1), known.Type) : 0;
                total += isConstant && node.OpType != "Constant" ? bytes : 0;
                if (Math.Max(bytes, total) > most)
                {
                    var what = bytes > most
                        ? $"'{output.Name}' {describe(output)!.Value.Shape}"
                        : "what the model computes from constants alone";
                    throw new UnsupportedModelException(
                        $"{SessionFailure.Quote(name)}: {node}: {what} takes {Size(Math.Max(bytes, total))}, where {Size(most)} are "
                            + $"allowed for a model of this size; {RunLimits.MoreMemory}.");
                }

                if (isConstant)
                {
                    constants.Add(output);
                }
            }
        }
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0} MB");
}
