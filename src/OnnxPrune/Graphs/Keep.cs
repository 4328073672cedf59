using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace OnnxPrune.Graphs;

/// <summary>The indices of an axis that stay: sorted, distinct, within [0, <see cref="AxisLength"/>). Compares by content.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "A keep is a set of indices; 'Keep' is the word of the field.")]
internal sealed class Keep : IReadOnlyList<int>, IEquatable<Keep>
{
    private readonly int[] _indices;

    /// <exception cref="ArgumentException">The indices are not sorted, repeat, or leave the axis.</exception>
    public Keep(int axisLength, IEnumerable<int> indices)
    {
        AxisLength = axisLength;
        _indices = [.. indices];
        for (var i = 0; i < _indices.Length; i++)
        {
            var smallest = i == 0 ? 0 : _indices[i - 1] + 1;
            if (_indices[i] < smallest || _indices[i] >= axisLength)
            {
                throw new ArgumentException(
                    $"Kept index {_indices[i]} at place {i} is out of order or outside an axis of length {axisLength}.", nameof(indices));
            }
        }
    }

    /// <summary>The length of the axis before anything is cut.</summary>
    public int AxisLength { get; }

    public int Count => _indices.Length;

    public bool IsWhole => Count == AxisLength;

    public int this[int index] => _indices[index];

    public ReadOnlySpan<int> Span => _indices;

    public static Keep All(int axisLength) => new(axisLength, Enumerable.Range(0, axisLength));

    /// <summary>The indices for which <paramref name="stays"/> holds.</summary>
    public static Keep Where(int axisLength, Func<int, bool> stays) => new(axisLength, Enumerable.Range(0, axisLength).Where(stays));

    /// <summary>The indices that leave.</summary>
    public IEnumerable<int> Cut => Enumerable.Range(0, AxisLength).Except(_indices);

    public bool Equals(Keep? other) => other is not null && AxisLength == other.AxisLength && Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => Equals(obj as Keep);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(AxisLength);
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Span));
        return hash.ToHashCode();
    }

    public IEnumerator<int> GetEnumerator() => _indices.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
