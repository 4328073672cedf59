namespace OnnxPrune.Graphs;

/// <summary>
/// Rules rely on what ONNX Runtime checks when it infers shapes; a file that states all its shapes has not been there yet. Where its
/// sizes contradict each other, the arithmetic on indices fails somewhere, and here that becomes a sentence about the node.
/// </summary>
internal static class Inconsistency
{
    /// <exception cref="BrokenModelException">The node's inputs, attributes and shapes do not fit together.</exception>
    public static T NameIn<T>(Node node, Func<T> rule)
    {
        try
        {
            return rule();
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or ArithmeticException or NotSupportedException)
        {
            throw new BrokenModelException($"{node}: its inputs, attributes and shapes do not fit together ({e.Message})", e);
        }
    }

    /// <inheritdoc cref="NameIn{T}(Node, Func{T})"/>
    public static void NameIn(Node node, Action rule) => NameIn(node, () =>
    {
        rule();
        return true;
    });
}
