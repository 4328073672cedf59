namespace OnnxPrune.Cli.Tests;

/// <summary>A theory over a folder of ../shared that is skipped, and says so, where that folder is absent.</summary>
public abstract class SharedTheoryAttribute : TheoryAttribute
{
    private protected SharedTheoryAttribute(string folder)
    {
        if (!Directory.Exists(Path.Combine(Root, folder)))
        {
            Skip = $"The folder ../shared/{folder} is not there.";
        }
    }

    private protected static string Root => Path.Combine(Cli.Root, "..", "shared");
}
