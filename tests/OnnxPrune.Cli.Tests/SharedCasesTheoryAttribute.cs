namespace OnnxPrune.Cli.Tests;

/// <summary>A theory over ../shared/cases that is skipped, and says so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedCasesTheoryAttribute : TheoryAttribute
{
    public SharedCasesTheoryAttribute()
    {
        if (!Directory.Exists(Folder))
        {
            Skip = "The folder ../shared/cases is not there.";
        }
    }

    public static string Folder => Path.Combine(Cli.Root, "..", "shared", "cases");
}
