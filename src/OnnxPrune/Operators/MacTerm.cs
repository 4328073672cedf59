using OnnxPrune.Constants;

namespace OnnxPrune.Operators;

/// <summary>
/// The multiply-accumulates of one node: <paramref name="PerElement"/> times the product of the lengths of some axes, those that
/// may shrink among them. A Conv multiplies each weight element once per output position.
/// </summary>
internal sealed record MacTerm(long PerElement, IReadOnlyList<ValueAxis> Axes)
{
    /// <summary>Which of the axes holds the output channels.</summary>
    public int OutputAxis { get; init; }

    /// <summary>Which of them is summed over.</summary>
    public int InputAxis => 1 - OutputAxis;
}
