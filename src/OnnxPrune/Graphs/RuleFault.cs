namespace OnnxPrune.Graphs;

/// <summary>
/// What a model says of itself is checked before rules rely on it. Where a rule fails nevertheless, the mistake is ours and not the model's: here it gets the node's name.
/// </summary>
internal static class RuleFault
{
    /// <exception cref="InternalErrorException">The rule failed.</exception>
    public static T NameIn<T>(Node node, Func<T> rule)
    {
        try
        {
            return rule();
        }
        catch (Exception e) when (e is not (OnnxPruneException or InternalErrorException or OutOfMemoryException or OperationCanceledException))
        {
            throw new InternalErrorException($"{node}: its rule failed with '{e.Message}'", e);
        }
    }

    /// <inheritdoc cref="NameIn{T}(Node, Func{T})"/>
    public static void NameIn(Node node, Action rule) => NameIn(node, () =>
    {
        rule();
        return true;
    });
}
