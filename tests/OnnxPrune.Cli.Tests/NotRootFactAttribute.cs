namespace OnnxPrune.Cli.Tests;

/// <summary>A test of permissions, which root does not feel.</summary>
public sealed class NotRootFactAttribute : FactAttribute
{
    public NotRootFactAttribute() => Skip = Environment.IsPrivilegedProcess ? "Nothing is forbidden to root." : null;
}
