using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>
/// Shapes in numbers, to count work with: a dynamic batch counts as 1, and other dynamic sizes come from
/// <paramref name="concrete"/> (inferred for inputs of a typical size).
/// </summary>
public sealed class CostShapes(ConstantValues constants, IReadOnlyDictionary<Value, Shape>? concrete = null)
{
    public ConstantValues Constants { get; } = constants;

    /// <summary>The dimensions of a value; null when its rank is unknown.</summary>
    public IReadOnlyList<long>? this[Value value]
    {
        get
        {
            var shape = concrete?.GetValueOrDefault(value) ?? value.Shape;
            return shape?.Select(d => d.Size ?? 1).ToArray();
        }
    }
}
