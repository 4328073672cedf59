namespace OnnxPrune.Graphs;

/// <summary>
/// Gives the node's name to a failure of a rule. Models are checked before rules rely on them, so such a failure is a mistake of the
/// program.
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
        catch (Exception e) when (
            e is not (OnnxPruneException or InternalErrorException or OutOfMemoryException or OperationCanceledException))
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
