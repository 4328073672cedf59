using System.Runtime.InteropServices;

namespace OnnxPrune.Algebra;

/// <summary>A part of a matrix that lies in an array row after row: where it begins, and how far its rows are apart.</summary>
/// <param name="elements">From its first element on.</param>
/// <param name="stride">In elements.</param>
internal readonly ref struct DenseBlock(Span<double> elements, int stride)
{
    private readonly Span<double> _elements = elements;

    public int Stride { get; } = stride;

    /// <summary>Its first element, for loops that do not check their bounds.</summary>
    public ref double First => ref MemoryMarshal.GetReference(_elements);

    public ref double this[int row, int column] => ref _elements[(row * Stride) + column];

    /// <summary>The part below some rows.</summary>
    public DenseBlock Down(int rows) => new(_elements[(rows * Stride)..], Stride);

    /// <summary>The part to the right of some columns.</summary>
    public DenseBlock Right(int columns) => new(_elements[columns..], Stride);
}
