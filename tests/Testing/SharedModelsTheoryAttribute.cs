using Xunit;

namespace OnnxPrune.Testing;

/// <summary>A theory over ../shared/models that is skipped, and says so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedModelsTheoryAttribute : TheoryAttribute
{
    public SharedModelsTheoryAttribute()
    {
        if (!SharedFiles.Exist)
        {
            Skip = "The folder ../shared/models is not there.";
        }
    }
}
