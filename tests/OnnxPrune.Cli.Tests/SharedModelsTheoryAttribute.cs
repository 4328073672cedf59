namespace OnnxPrune.Cli.Tests;

/// <summary>A theory over ../shared/models that is skipped, and says so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedModelsTheoryAttribute : TheoryAttribute
{
    public SharedModelsTheoryAttribute()
    {
        if (!Directory.Exists(Folder))
        {
            Skip = "The folder ../shared/models is not there.";
        }
    }

    public static string Folder => Path.Combine(Cli.Root, "..", "shared", "models");
}
