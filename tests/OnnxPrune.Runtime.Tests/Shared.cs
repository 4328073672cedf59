namespace OnnxPrune.Runtime.Tests;

/// <summary>Real models and images, which lie beside the repository where they are there at all: in ../shared.</summary>
internal static class Shared
{
    public static string? Folder { get; } = Find();

    public static string Model(string name) => Path.Combine(Folder!, "models", name + ".onnx");

    public static string Cifar => Path.Combine(Folder!, "data", "cifar10-lossless-train-4000.bin");

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OnnxPrune.sln")))
            {
                var shared = Path.Combine(folder.FullName, "..", "shared");
                return Directory.Exists(Path.Combine(shared, "models")) && Directory.Exists(Path.Combine(shared, "data"))
                    ? Path.GetFullPath(shared)
                    : null;
            }
        }

        return null;
    }
}

/// <summary>A test on files of ../shared; skipped, saying so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute() => Skip = Shared.Folder is null ? "../shared, with real models and images, is not here" : null;
}

[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute() => Skip = Shared.Folder is null ? "../shared, with real models and images, is not here" : null;
}
