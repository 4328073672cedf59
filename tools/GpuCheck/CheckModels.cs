using Google.Protobuf;
using ModelMaker;
using OnnxPrune;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace GpuCheck;

/// <summary>Networks of ModelMaker and their halves, made once; their files are gone with it.</summary>
internal sealed class CheckModels(IReadOnlyList<string> networks) : IDisposable
{
    // Round to what GPU kernels like.
    private const int Multiple = 32;

    private readonly string _folder = Directory.CreateTempSubdirectory("gpu-check").FullName;
    private readonly Dictionary<string, (Model Original, Model Pruned)> _made = [];

    /// <summary>The first network, for checks that need only one.</summary>
    public string First => networks[0];

    /// <summary>The network, and a copy that keeps half of its MACs.</summary>
    public (Model Original, Model Pruned) Get(string name)
    {
        if (!_made.TryGetValue(name, out var pair))
        {
            var network = Catalog.Find(name) ?? throw new InvalidOperationException($"ModelMaker knows no network '{name}'.");
            var original = ModelCopy.WithShapes(OnnxFile.FromBytes(MadeNetwork.Make(network, new MakeOptions()).Model.ToByteArray()));
            pair = _made[name] = (original, Half(original));
        }

        return pair;
    }

    /// <summary>The file of a network.</summary>
    public string Path(string name)
    {
        var path = System.IO.Path.Combine(_folder, $"{name}.onnx");
        if (!File.Exists(path))
        {
            File.WriteAllBytes(path, OnnxFile.ToBytes(Get(name).Original));
        }

        return path;
    }

    private static Model Half(Model original) =>
        Pruner.Prune(
            NetworkAnalysis.Of(original),
            new PruneRequest { Targets = [Target.Parse("macs=50%")], Rounding = Rounding.Automatic(Multiple) }).Model;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
