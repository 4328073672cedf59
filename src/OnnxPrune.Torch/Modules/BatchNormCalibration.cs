using OnnxPrune.Graphs;
using TorchSharp;

namespace OnnxPrune.Torch.Modules;

/// <summary>
/// Makes a network compute the same in training as in inference before it is trained: every BatchNormalization gets the true statistics of
/// what it reads, and a scale and shift that make up for the change. Those that were inserted have no statistics yet, and those of a
/// network whose weights were repaired after pruning do not fit any more.
/// </summary>
internal static class BatchNormCalibration
{
    /// <param name="batches">Inputs [N, ...], without augmentation; none leave the module as it is.</param>
    public static void Apply(GraphModule module, IEnumerable<torch.Tensor> batches)
    {
        var moments = module.Model.Graph.Nodes.Where(n => n is { OpType: "BatchNormalization", Domain: "" })
            .ToDictionary(n => n, _ => new Moments());
        using var mode = torch.no_grad();
        foreach (var batch in moments.Count > 0 ? batches : [])
        {
            using var scope = torch.NewDisposeScope();
            module.Forward(batch, training: false, observe: (node, read, _) =>
            {
                if (moments.TryGetValue(node, out var seen))
                {
                    seen.Add(read);
                }
            });
        }

        var weights = module.Weights.SelectMany(w => w.Uses.Select(u => (Use: u, Weight: w))).ToDictionary(p => p.Use, p => p.Weight);
        foreach (var (node, seen) in moments.Where(m => m.Value.Count > 0))
        {
            var inputs = Enumerable.Range(1, 4).Select(i => weights.GetValueOrDefault(new Use(node, i))).ToArray();

            // A scale that several layers share cannot make up for each of them.
            if (inputs.All(w => w is { Uses.Count: 1 }))
            {
                Replace(inputs!, seen.Result(), node.Float("epsilon", 1e-5f));
            }
        }
    }

    /// <summary>scale' = scale · √(var' + ε) / √(var + ε), shift' = shift + (mean' − mean) · scale / √(var + ε).</summary>
    private static void Replace(Weight[] inputs, (double[] Mean, double[] Variance) found, double epsilon)
    {
        var (scale, shift) = (inputs[0].Export().ToDoubles(), inputs[1].Export().ToDoubles());
        var (mean, variance) = (inputs[2].Export().ToDoubles(), inputs[3].Export().ToDoubles());
        for (var c = 0; c < scale.Length; c++)
        {
            var factor = scale[c] / Math.Sqrt(variance[c] + epsilon);
            shift[c] += (found.Mean[c] - mean[c]) * factor;
            scale[c] = factor * Math.Sqrt(found.Variance[c] + epsilon);
        }

        foreach (var (weight, values) in inputs.Zip([scale, shift, found.Mean, found.Variance]))
        {
            weight.Load(weight.Export().WithValues(values));
        }
    }

    /// <summary>Mean and variance per channel of everything that was added, [N, C, ...] each.</summary>
    private sealed class Moments
    {
        private double[]? _sum;
        private double[]? _squares;

        public long Count { get; private set; }

        public void Add(torch.Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            var size = x.shape;
            long[] others = [0, .. Enumerable.Range(2, size.Length - 2).Select(a => (long)a)];
            var elements = others.Aggregate(1L, (product, axis) => product * size[axis]);
            var mean = TensorBridge.FromTorch(x.mean(others)).ToDoubles();
            var square = TensorBridge.FromTorch(x.mul(x).mean(others)).ToDoubles();
            _sum ??= new double[size[1]];
            _squares ??= new double[size[1]];
            for (var c = 0; c < mean.Length; c++)
            {
                _sum[c] += mean[c] * elements;
                _squares[c] += square[c] * elements;
            }

            Count += elements;
        }

        public (double[] Mean, double[] Variance) Result()
        {
            var mean = Array.ConvertAll(_sum!, s => s / Count);
            return (mean, [.. _squares!.Zip(mean, (s, m) => Math.Max((s / Count) - (m * m), 0))]);
        }
    }
}
