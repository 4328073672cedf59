namespace OnnxPrune.Operators;

/// <summary>
/// A <see cref="ConvGeometry"/> over an input of known size: the padding in numbers and the size of the output, one number per axis.
/// </summary>
internal sealed record SlidingWindow(
    long[] Kernel, long[] Strides, long[] Dilations, long[] PadsBefore, long[] PadsAfter, long[] InputSizes, long[] OutputSizes)
{
    /// <summary>True if as much is added before the input as behind it.</summary>
    public bool IsSymmetric => PadsBefore.AsSpan().SequenceEqual(PadsAfter);
}
