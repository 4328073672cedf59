using System.Collections;

namespace OnnxPrune.Calibration.Activations;

/// <summary>A list whose items are made each time they are asked for: memory does not grow with their number.</summary>
internal sealed class OnDemand<T>(int count, Func<int, T> make) : IReadOnlyList<T>
{
    public int Count => count;

    public T this[int index] => index >= 0 && index < count ? make(index) : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Some of a list's items, one after the other.</summary>
    public static OnDemand<T> PartOf(IReadOnlyList<T> all, int first, int count) => new(count, i => all[first + i]);

    public IEnumerator<T> GetEnumerator() => Enumerable.Range(0, count).Select(make).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
