namespace OnnxPrune.Testing;

/// <summary>A folder that goes, with all in it, when it is disposed.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("onnxprune-test-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
