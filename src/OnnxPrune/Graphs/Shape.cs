using System.Collections;
using System.Globalization;

namespace OnnxPrune.Graphs;

/// <summary>One dimension: a known size, a named symbol ('batch'), or neither.</summary>
public readonly record struct Dim(long? Size, string? Symbol = null)
{
    public static readonly Dim Unknown = new(null);

    public bool IsKnown => Size is not null;

    /// <summary>Whether both are surely the same: equal sizes or equal symbols.</summary>
    public bool SurelyEquals(Dim other) => IsKnown ? Size == other.Size : Symbol is not null && !other.IsKnown && Symbol == other.Symbol;

    public static implicit operator Dim(long size) => new(size);

    public override string ToString() => Size?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}

/// <summary>The dimensions of a tensor value whose rank is known.</summary>
public sealed class Shape(params IEnumerable<Dim> dims) : IReadOnlyList<Dim>
{
    private readonly Dim[] _dims = [.. dims];

    public int Rank => _dims.Length;

    int IReadOnlyCollection<Dim>.Count => _dims.Length;

    public Dim this[int axis] => _dims[axis];

    /// <summary>Whether every dimension is a known size.</summary>
    public bool IsKnown => Array.TrueForAll(_dims, d => d.IsKnown);

    public Shape With(int axis, Dim dim) => new(_dims.Select((d, i) => i == axis ? dim : d));

    public IEnumerator<Dim> GetEnumerator() => _dims.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", _dims)}]";
}
