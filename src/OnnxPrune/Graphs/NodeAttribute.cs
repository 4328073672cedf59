namespace OnnxPrune.Graphs;

/// <summary>
/// A node's attribute. <see cref="Value"/> is a <see cref="long"/>, <see cref="float"/>, <see cref="string"/>, an array of one of
/// them, a <see cref="Tensor"/>, or null for kinds that only the file format knows (graphs, types); those travel untouched.
/// </summary>
internal sealed class NodeAttribute(string name, object? value)
{
    internal NodeAttribute(string name, object? value, ReadOnlyMemory<byte> source)
        : this(name, value) => Source = source;

    public string Name { get; } = name;

    public object? Value { get; } = value;

    /// <summary>The attribute as it was read; null when the program made it.</summary>
    internal ReadOnlyMemory<byte>? Source { get; }
}
