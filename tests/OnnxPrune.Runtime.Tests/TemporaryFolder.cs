namespace OnnxPrune.Runtime.Tests;

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("onnxprune-test-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public static implicit operator string(TemporaryFolder folder) => folder._path;

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
