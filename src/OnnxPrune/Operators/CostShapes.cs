using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Shapes in numbers, to count work with: a dynamic batch counts as 1, and other dynamic sizes come from
/// <paramref name="concrete"/> (inferred for inputs of a typical size).
/// </summary>
internal sealed class CostShapes(ConstantValues constants, IReadOnlyDictionary<Value, Shape>? concrete = null)
{
    public ConstantValues Constants { get; } = constants;

    /// <summary>The dimensions of a value, where each that is unknown is 1; null when its rank is unknown.</summary>
    public IReadOnlyList<long>? this[Value value] => ShapeOf(value)?.Select(d => d.Size ?? 1).ToArray();

    /// <summary>The same of a value that may be a constant.</summary>
    public IReadOnlyList<long>? OfOperand(Value? value) => value is null ? null : Constants[value]?.Dims ?? this[value];

    /// <summary>
    /// True if a size of the value is unknown, so that what is counted with it is too little. A dynamic batch is 1 by agreement.
    /// </summary>
    public bool IsOpen(Value value)
    {
        if (Constants[value] is not null)
        {
            return false;
        }

        // Sizes that were chosen for a weight that is fed say nothing.
        var isFedWeight = value is { IsGraphInput: true, Uses.Count: > 0 }
            && value.Uses.All(u => u is { Index: 1, Node.OpType: "Conv" or "ConvTranspose" or "Gemm" });
        var isChosen = !isFedWeight && concrete?.ContainsKey(value) == true;
        var shape = isFedWeight ? value.Shape : ShapeOf(value);
        return shape is null || shape.Skip(isChosen || isFedWeight ? 0 : 1).Any(d => !d.IsKnown);
    }

    private Shape? ShapeOf(Value value) => concrete?.GetValueOrDefault(value) ?? value.Shape;
}
