namespace OnnxPrune.Cli.Tests;

/// <summary>A folder of a test's own, removed with all that is in it.</summary>
public abstract class TemporaryFolder : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("onnxprune-tests-").FullName;

    protected string At(string name) => Path.Combine(Folder, name);

    protected string Copy(string file, string name)
    {
        File.Copy(file, At(name));
        return At(name);
    }

    protected IEnumerable<string> Names =>
        Directory.GetFileSystemEntries(Folder).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal);

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
