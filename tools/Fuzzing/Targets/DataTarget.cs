using Fuzzing.Mutations;
using Fuzzing.Seeds;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace Fuzzing.Targets;

/// <summary>Damaged data files: NumPy arrays and archives, CIFAR batches, images, ONNX test data.</summary>
internal sealed class DataTarget : FuzzTarget
{
    private const int MostBatches = 8;

    private static readonly string?[] Normalizations = [null, "unit", "none", "imagenet", "cifar10"];

    private string _folder = "";

    public override string Name => "data";

    public override void Start(string folder, string? program) => _folder = folder;

    public override FuzzInput Make(Random random)
    {
        var extension = DataSeeds.Extensions[random.Next(DataSeeds.Extensions.Count)];
        return new FuzzInput(DataMutation.Apply(DataSeeds.Of(extension, random), extension, random), extension);
    }

    public override string Feed(FuzzInput input, Random random)
    {
        // Images are given by their folder, the rest as files.
        var isImage = input.Extension is ".png" or ".jpg" or ".webp" or ".bmp" or ".gif";
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        var path = Path.Combine(folder, (input.Extension == ".pb" ? "input_0" : "data") + input.Extension);
        File.WriteAllBytes(path, input.Bytes);
        try
        {
            var source = DataSource.Open(isImage ? folder : path, Normalizations[random.Next(Normalizations.Length)]);
            using var owner = source as IDisposable;
            ValueDescription[] inputs = [new("x", ElementType.Float, new Shape(Dim.Unknown, Dim.Unknown, Dim.Unknown, Dim.Unknown))];
            foreach (var batch in source.Batches(inputs, batch: random.Next(1, 5)).Take(MostBatches))
            {
                ArgumentOutOfRangeException.ThrowIfZero(batch.Count);
            }

            return "read";
        }
        finally
        {
            File.Delete(path);
        }
    }
}
