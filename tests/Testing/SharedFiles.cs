namespace OnnxPrune.Testing;

/// <summary>
/// Real models and data that lie beside the project on some machines, in ../shared; tests that want them say so when they are absent.
/// </summary>
public static class SharedFiles
{
    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    public static string Folder { get; } = Path.Combine(Root, "..", "shared");

    public static bool Exist => Directory.Exists(Path.Combine(Folder, "models"));

    /// <summary>A small model that shows a fault.</summary>
    public static string Case(string name) => Path.Combine(Folder, "cases", name);

    public static string Model(string name) => Path.Combine(Folder, "models", name);

    public static IEnumerable<string> Models => Exist
        ? Directory.EnumerateFiles(Path.Combine(Folder, "models"), "*.onnx").Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)
        : [];

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OnnxPrune.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of the checkout.");
    }
}
