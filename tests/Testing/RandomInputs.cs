using OnnxPrune.Graphs;

namespace OnnxPrune.Testing;

/// <summary>Seeded inputs that fit a model: normal numbers, small integers; dynamic dimensions get the sizes given.</summary>
internal static class RandomInputs
{
    public static IReadOnlyDictionary<string, Tensor> For(Model model, Random random, long batch = 2, long size = 64) =>
        model.Graph.FedInputs.ToDictionary(i => i.Name, i =>
        {
            var dims = i.Shape!.Select((d, axis) => d.Size ?? (axis == 0 ? batch : size)).ToArray();
            var count = (int)Tensor.ElementCount(dims);
            var isReal = i.ElementType.IsFloatingPoint();
            var template = new Tensor(i.ElementType, [0], Array.Empty<byte>());
            return template
                .WithValues([.. Enumerable.Range(0, count).Select(_ => isReal ? RandomWeights.Normal(random) : random.Next(2))], count)
                .Reshape(dims);
        });
}
