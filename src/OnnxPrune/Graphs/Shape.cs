using System.Collections;
using System.Globalization;

namespace OnnxPrune.Graphs;

/// <summary>One dimension: a known size, a named symbol ('batch'), or neither.</summary>
/// <param name="Identity">Tells an open dimension without a symbol from others: where it is the same object, the size is the same.</param>
internal readonly record struct Dim(long? Size, string? Symbol = null, object? Identity = null)
{
    public static readonly Dim Unknown = new(null);

    public bool IsKnown => Size is not null;

    /// <summary>True if this can be told from other open dimensions, or is known.</summary>
    public bool IsNamed => IsKnown || Symbol is not null || Identity is not null;

    /// <summary>An open dimension that is equal to itself alone.</summary>
    public static Dim Open() => new(null, null, new object());

    /// <summary>True if both are surely the same: equal sizes, symbols or identities.</summary>
    public bool SurelyEquals(Dim other) => IsNamed && this == other;

    public static implicit operator Dim(long size) => new(size);

    public override string ToString() => Size?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}

/// <summary>The dimensions of a tensor value whose rank is known.</summary>
internal sealed class Shape(params IEnumerable<Dim> dims) : IReadOnlyList<Dim>
{
    private readonly Dim[] _dims = [.. dims];

    public int Rank => _dims.Length;

    int IReadOnlyCollection<Dim>.Count => _dims.Length;

    public Dim this[int axis] => _dims[axis];

    /// <summary>True if every dimension is a known size.</summary>
    public bool IsKnown => Array.TrueForAll(_dims, d => d.IsKnown);

    public Shape With(int axis, Dim dim) => new(_dims.Select((d, i) => i == axis ? dim : d));

    public IEnumerator<Dim> GetEnumerator() => _dims.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", _dims)}]";
}
