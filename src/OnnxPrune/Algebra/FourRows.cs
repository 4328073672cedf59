namespace OnnxPrune.Algebra;

/// <summary>Four rows of one length that are worked on at once.</summary>
internal readonly ref struct FourRows(
    ReadOnlySpan<float> first, ReadOnlySpan<float> second, ReadOnlySpan<float> third, ReadOnlySpan<float> fourth)
{
    public ReadOnlySpan<float> First { get; } = first;

    public ReadOnlySpan<float> Second { get; } = second;

    public ReadOnlySpan<float> Third { get; } = third;

    public ReadOnlySpan<float> Fourth { get; } = fourth;
}
