namespace OnnxPrune.Cli.Tests;

/// <summary>A theory over ../shared/cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedCasesTheoryAttribute() : SharedTheoryAttribute("cases")
{
    public static string Folder => Path.Combine(Root, "cases");
}
