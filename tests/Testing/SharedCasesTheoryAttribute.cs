using Xunit;

namespace OnnxPrune.Testing;

/// <summary>A theory over ../shared/cases that is skipped, and says so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedCasesTheoryAttribute : TheoryAttribute
{
    public SharedCasesTheoryAttribute()
    {
        if (!Directory.Exists(Path.Combine(SharedFiles.Folder, "cases")))
        {
            Skip = "The folder ../shared/cases is not there.";
        }
    }
}
