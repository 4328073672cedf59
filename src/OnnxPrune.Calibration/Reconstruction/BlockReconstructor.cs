using System.Runtime.InteropServices;
using OnnxPrune.Graphs;
using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>
/// Fits a region by gradients: least squares between what it gives and what it should give (block reconstruction; Li et al. 2021, BRECQ,
/// who use it for quantization), minimized by Adam in steps that are a fixed part of each weight tensor's own size, and decay along a
/// cosine.
/// </summary>
/// <remarks>
/// Works on the CPU. Each batch is cut in two, and each half is computed on one thread, as is each weight's step: the same numbers on every
/// run, with any number of threads.
/// </remarks>
/// <param name="threads">0 for one per core; more than two have nothing to do but the steps of weights.</param>
internal sealed class BlockReconstructor(int threads) : IRegionFitter
{
    // Two numbers give the same sum in either order, three would not.
    private const int MostParts = 2;

    // Of a region's input: many small steps come closer than few large ones that take as long, as far as the work that goes with every step
    // allows.
    private const long ElementsOfStep = 1 << 17;
    private const int FewestOfStep = 8;
    private const double RelativeRate = 0.015;

    // Of fewer batches than these, small steps learn the samples and not the region: batches stay whole, in smaller steps of the weights
    // and half as many rounds again.
    private const int FewestToSplit = 10;
    private const double RelativeRateOfWhole = 0.01;

    private const int JudgedPart = 10;

    // Of samples; a collection takes a tenth of a second or two.
    private const long ElementsToCollect = 1 << 25;

    /// <summary>Of the inputs; more comes a little closer and takes as much longer.</summary>
    public const int UsualEpochs = 2;

    /// <inheritdoc/>
    public int MostEpochs { get; init; } = UsualEpochs;

    /// <inheritdoc/>
    public bool Knows(Node node) => node.Domain.Length == 0 && TorchOperatorTable.Rules.ContainsKey(node.OpType);

    /// <inheritdoc/>
    public bool Fit(RegionTask task, CancellationToken cancellation)
    {
        TorchLibrary.SetThreads(1);
        using var module = Open(task);
        var inside = task.Region.Nodes.ToHashSet();
        var weights = module?.Weights.Where(w => w.Parameter is not null && w.Uses.All(u => inside.Contains(u.Node))).ToArray() ?? [];
        if (weights.Length == 0)
        {
            return false;
        }

        using var scope = torch.NewDisposeScope();
        var (batches, areWhole, copied) = (new List<Part[][]>(), false, 0L);
        foreach (var some in task.Samples.Chunk(FewestToSplit))
        {
            copied += some.Sum(s => (long)s.Input.Count + s.Target.Count);
            areWhole |= batches.Count == 0 && some.Length < FewestToSplit;
            batches.AddRange(Array.ConvertAll(some, b => Steps(b, areWhole ? long.MaxValue : ElementsOfStep)));
        }

        if (copied > ElementsToCollect)
        {
            // The collector does not see what libtorch needs beside what the samples were copied from.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }

        var kept = Math.Max(1, batches.Count / JudgedPart);
        Part[][] judged = [.. batches.TakeLast(kept).SelectMany(b => b)];
        Part[][] taught = [.. batches.SkipLast(kept).SelectMany(b => b)];
        if (taught.Length == 0)
        {
            return false;
        }

        if (Error(module!, judged) is not { } before)
        {
            return false;
        }

        var (rate, epochs) = areWhole ? (RelativeRateOfWhole, task.Epochs * 3 / 2) : (RelativeRate, task.Epochs);
        Descend(module!, weights, taught, rate, epochs, new SeededRandom(task.Seed), cancellation);
        if (!(Error(module!, judged) < before))
        {
            return false;
        }

        module!.WriteBack();
        return true;
    }

    /// <summary>Null where the region holds an operator that nothing is known of how to train through.</summary>
    private static GraphModule? Open(RegionTask task)
    {
        try
        {
            return new GraphModule(task.Model, task.Shapes, torch.CPU, (task.Region.Input, task.Region.Output), foldsNorms: true);
        }
        catch (UnsupportedModelException)
        {
            return null;
        }
    }

    private void Descend(
        GraphModule module, Weight[] weights, Part[][] batches, double rate, int epochs, SeededRandom random,
        CancellationToken cancellation)
    {
        using var descent = new WeightDescent(weights, rate, (long)epochs * batches.Length, threads);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            foreach (var batch in random.Permutation(batches.Length))
            {
                cancellation.ThrowIfCancellationRequested();
                descent.Step(batches[batch], part => Loss(module, part));
            }
        }
    }

    /// <summary>Null where an operator turns out not to compute with libtorch, or not with other batches than the model's own.</summary>
    private static double? Error(GraphModule module, Part[][] batches)
    {
        using var mode = torch.no_grad();
        try
        {
            var error = 0.0;
            foreach (var part in batches.SelectMany(b => b))
            {
                using var scope = torch.NewDisposeScope();
                error += TensorBridge.Item(Loss(module, part));
            }

            return error;
        }
        catch (Exception e) when (e is UnsupportedModelException or ExternalException)
        {
            return null;
        }
    }

    private static torch.Tensor Loss(GraphModule module, Part part)
    {
        var made = module.Forward(part.Input, training: false);
        var difference = made.sub(part.Target.reshape(made.shape));
        return difference.mul(difference).reshape(-1).mean([0]).Times(part.Share);
    }

    /// <summary>The data of one step: a batch, or pieces of it where its activations would not stay in the caches.</summary>
    private static Part[][] Steps(RegionSamples batch, long elements)
    {
        var all = (int)batch.Input.Dims[0];
        var size = Math.Clamp(elements / Math.Max(1, batch.Input.Count / all), Math.Min(FewestOfStep, all), all);
        var pieces = (int)((all + size - 1) / size);
        return [.. Share([.. Enumerable.Range(0, all)], pieces).Select(piece => Parts(batch, piece))];
    }

    private static Part[] Parts(RegionSamples batch, int[] samples) =>
        [.. Share(samples, Math.Min(MostParts, samples.Length))
            .Select(part => new Part(Take(batch.Input, part), Take(batch.Target, part), (double)part.Length / samples.Length))];

    /// <summary>Cuts a list into pieces of nearly the same length, in order.</summary>
    private static IEnumerable<int[]> Share(IReadOnlyList<int> all, int pieces) =>
        Enumerable.Range(0, pieces).Select(piece => all.Where((_, i) => i * pieces / all.Count == piece).ToArray());

    private static torch.Tensor Take(Tensor tensor, int[] samples) => TensorBridge.ToTorch(tensor.Take(0, samples), torch.CPU);

    /// <param name="Share">How much of its batch it is.</param>
    private sealed record Part(torch.Tensor Input, torch.Tensor Target, double Share);
}
