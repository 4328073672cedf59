using Xunit;

namespace OnnxPrune.Testing;

/// <summary>A test on files of ../shared/cases; skipped, saying so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedCasesFactAttribute : FactAttribute
{
    public SharedCasesFactAttribute() =>
        Skip = Directory.Exists(Path.Combine(SharedFiles.Folder, "cases")) ? null : "The folder ../shared/cases is not there.";
}
