using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Tests.Repair;

internal static class RegionClosure
{
    /// <summary>True if the region reads nothing computed but its input, and nothing else reads what it computes but its output.</summary>
    public static bool IsClosed(this Region region, ConstantValues constants)
    {
        var inside = region.Nodes.ToHashSet();
        var read = region.Nodes.SelectMany(n => n.Inputs)
            .OfType<Value>()
            .Where(v => constants[v] is null && !(v.Producer is { } p && inside.Contains(p)))
            .Distinct();
        var leaks = region.Nodes.SelectMany(n => n.Outputs)
            .OfType<Value>()
            .Any(v => v != region.Output && (v.IsGraphOutput || v.Uses.Any(u => !inside.Contains(u.Node))));
        return read.SequenceEqual([region.Input]) && !leaks;
    }
}
