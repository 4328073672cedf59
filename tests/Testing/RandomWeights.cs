using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Testing;

/// <summary>
/// Gives networks whose weights come from ConstantOfShape nodes, all equal, real-looking ones: equal weights would hide any mix-up
/// of channels.
/// </summary>
internal static class RandomWeights
{
    public static void Fill(Model model, Random random)
    {
        var constants = new ConstantValues();
        foreach (var node in model.Graph.Nodes.Where(n => n.OpType == "ConstantOfShape").ToArray())
        {
            if (constants[node.Output] is not { } tensor
                || !tensor.ElementType.IsFloatingPoint()
                || tensor.Count < 2
                || node.Output.IsGraphOutput)
            {
                continue;
            }

            var isVariance = node.Output.Uses.Any(u => u.Node.OpType == "BatchNormalization" && u.Index == 4);
            var fanIn = Math.Max(1, tensor.Count / tensor.Dims[0]);
            var scale = tensor.Rank > 1 ? Math.Sqrt(2.0 / fanIn) : 0.5;
            var values = Enumerable.Range(0, (int)tensor.Count)
                .Select(_ => isVariance ? 0.5 + random.NextDouble() : scale * Normal(random))
                .ToArray();
            var made = model.Graph.AddFreshInitializer($"{node.Output.Name}.random", tensor.WithValues(values));
            foreach (var use in node.Output.Uses.ToArray())
            {
                use.Node.SetInput(use.Index, made);
            }
        }
    }

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
