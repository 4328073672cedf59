using Google.Protobuf;
using Onnx;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace Fuzzing.Seeds;

/// <summary>
/// Whole models to start from: random networks, the project's own, and the small ones that lie beside it on some machines.
/// </summary>
internal static class ModelSeeds
{
    private const int Networks = 400;
    private const int LargestSmall = 120_000;

    private static readonly Dictionary<int, byte[]> MadeNetworks = [];
    private static readonly Lazy<byte[][]> OwnFiles = new(() =>
        [.. Directory.EnumerateFiles(Path.Combine(SharedFiles.Root, "models"), "*.onnx").Order(StringComparer.Ordinal).Select(WithShapes)]);

    private static readonly Lazy<byte[][]> SharedModels = new(() =>
        [.. SharedFiles.Models.Select(SharedFiles.Model).Where(p => new FileInfo(p).Length <= LargestSmall).Select(WithShapes)]);

    /// <summary>Mostly small ones, since they are fed faster.</summary>
    public static byte[] Any(Random random) => random.Next(100) switch
    {
        0 => Pick(OwnFiles.Value, random),
        < 12 when SharedModels.Value.Length > 0 => Pick(SharedModels.Value, random),
        _ => Small(random),
    };

    /// <summary>A random network whose file states all shapes, so that channels can be followed without ONNX Runtime.</summary>
    public static byte[] Small(Random random)
    {
        var seed = random.Next(1, Networks + 1);
        if (!MadeNetworks.TryGetValue(seed, out var bytes))
        {
            MadeNetworks.Add(seed, bytes = WithShapes(RandomNetwork.Of(seed).Graph.ToBytes(), null));
        }

        return bytes;
    }

    /// <summary>A random network as exporters write it, without the shapes of inner values.</summary>
    public static byte[] Bare(Random random) => RandomNetwork.Of(random.Next(1, Networks + 1)).Graph.ToBytes();

    private static byte[] WithShapes(string path) => WithShapes(File.ReadAllBytes(path), Path.GetDirectoryName(path));

    /// <summary>The model with value_info for every value; as it is where ONNX Runtime refuses it.</summary>
    private static byte[] WithShapes(byte[] bytes, string? folder)
    {
        var model = OnnxFile.FromBytes(bytes, folder);
        try
        {
            ShapeInference.Infer(model);
        }
        catch (OnnxPrune.OnnxPruneException)
        {
            return bytes;
        }

        var proto = ModelProto.Parser.ParseFrom(bytes);
        proto.Graph.ValueInfo.Clear();
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null && v.Shape is not null))
        {
            proto.Graph.ValueInfo.Add(TestGraph.Describe(value.Name, value.ElementType, value.Shape!.Select(d => d.Size ?? -1)));
        }

        return proto.ToByteArray();
    }

    private static byte[] Pick(byte[][] files, Random random) => files[random.Next(files.Length)];
}
