using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Which axes means, variances and the like are taken along: every index there is needed, so that channels are better kept on another axis.
/// </summary>
internal static class Statistics
{
    // Far enough for what exporters put between a Reshape and the norm.
    private const int MostSteps = 6;

    /// <summary>
    /// True if a reader of the value takes statistics along the axis, or a reader of what has the value's elements one by one.
    /// </summary>
    public static bool AreTakenAlong(Value value, int axis, ShapeTerms terms) => AreTakenAlong(value, axis, terms, MostSteps);

    private static bool AreTakenAlong(Value value, int axis, ShapeTerms terms, int steps) =>
        steps > 0 && value.Uses.Any(use => !use.IsCapture && (use.Node.OpType switch
        {
            "InstanceNormalization" => axis >= 2,
            "LayerNormalization" or "RMSNormalization" => IsFrom(use.Node.Int("axis", -1), axis, value),
            "Softmax" or "LogSoftmax" => use.Node.Int("axis", -1) == axis || use.Node.Int("axis", -1) + value.Shape?.Rank == axis,
            _ => OperatorTable.Find(use.Node) switch
            {
                Reduce => value.Shape is { } shape && Reduce.Reduced(use.Node, terms.Constants, shape.Rank)?.Contains(axis) == true,
                Unary or Clip or Broadcast => use.Node.Outputs.Count > 0
                    && use.Node.Output.Shape?.Rank == value.Shape?.Rank
                    && AreTakenAlong(use.Node.Output, axis, terms, steps - 1),
                _ => false,
            },
        }));

    private static bool IsFrom(long first, int axis, Value value) => axis >= (first < 0 ? first + value.Shape?.Rank : first);
}
