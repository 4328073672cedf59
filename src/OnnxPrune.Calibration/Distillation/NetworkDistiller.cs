using System.Runtime.InteropServices;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Calibration.Distillation;

/// <summary>
/// The last pass of repair: all weights of a pruned network are learned together, so that it gives the original's answers on calibration
/// inputs without labels (knowledge distillation; Hinton et al. 2015). BatchNormalization keeps its statistics.
/// </summary>
/// <param name="threads">0 for one per core; more than two have nothing to do but the steps of weights.</param>
internal sealed class NetworkDistiller(int threads)
{
    // Forward passes of the pruned network; gradients cost about twice as much again.
    private const double MostMacs = 2e12;
    private const int FewestEpochs = 2;
    private const int MostEpochs = 40;

    private const int SamplesOfStep = 32;
    private const int MostParts = 2;
    private const double RelativeRate = 0.005;

    // What inputs may take, and what gradients keep of one step, in elements.
    private const long MostElements = 1 << 27;
    private const long MostKept = 1 << 27;

    private const int HeldOut = 10;
    private const int FewestSamples = 20;

    /// <summary>
    /// Changes a network's weights; leaves them as they are where the answers do not come closer on inputs that were held out.
    /// </summary>
    /// <param name="original">Its answers are learned.</param>
    /// <param name="pruned">Has the original's inputs and outputs.</param>
    /// <param name="macs">Of the pruned network, for one sample.</param>
    /// <param name="progress">Called with the share that is done.</param>
    public Distilled Run(
        Model original, Model pruned, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, double macs, long seed,
        Action<double>? progress, CancellationToken cancellation)
    {
        if (Ends(original) is not { } ends || Ends(pruned) is null)
        {
            return Distilled.Nothing("the network has not one input and one output of floats, or takes batches of one size only");
        }

        TorchLibrary.SetThreads(1);
        var samples = Samples(batches, ends.Input.Name);
        if (samples.Length < FewestSamples)
        {
            return Distilled.Nothing($"there are {samples.Length} calibration inputs, and {FewestSamples} are wanted");
        }

        var shapes = Shapes(pruned, batches[0]);
        if (Open(pruned, shapes, out var obstacle) is not { } module)
        {
            return Distilled.Nothing(obstacle);
        }

        using (module)
        {
            return Run(original, ends, module, shapes, samples, macs, seed, progress, cancellation);
        }
    }

    private Distilled Run(
        Model original, (Value Input, Value Output) ends, GraphModule module, IReadOnlyDictionary<Value, Shape> shapes, Tensor[] samples,
        double macs, long seed, Action<double>? progress, CancellationToken cancellation)
    {
        var held = samples.Length / HeldOut;
        using var scope = torch.NewDisposeScope();
        using var teacher = new Teacher(original, ends.Input, ends.Output);
        var random = new SeededRandom(seed);

        // Layers and regions were fitted to these inputs as they are, but not to views of them.
        var views = teacher.Views([.. Chunks(samples[^held..], SamplesOfStep)], random);
        var judged = Chunks(samples[^held..], SamplesOfStep).Select(c => Exchange(c, teacher, views, random)).ToArray();
        var taught = samples[..^held];
        if (Error(module, judged) is not { } before)
        {
            return Distilled.Nothing("libtorch does not compute it, or not with other batches than its own");
        }

        var epochs = (int)Math.Clamp(MostMacs / Math.Max(1, macs * taught.Length), FewestEpochs, MostEpochs);
        var each = StepSize(shapes);
        var weights = module.Weights.Where(w => w.Parameter is not null).ToArray();
        using var descent = new WeightDescent(weights, RelativeRate, (long)epochs * ((taught.Length + each - 1) / each), threads);
        var (least, best) = (before, (Tensor[]?)null);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            foreach (var step in random.Permutation(taught.Length).Chunk(each))
            {
                cancellation.ThrowIfCancellationRequested();
                var parts = Halves(step)
                    .Select(half => (Samples: half.Select(i => taught[i]).ToArray(), Random: new SeededRandom((long)random.NextBits())))
                    .ToArray();
                descent.Step(parts, part =>
                    Loss(module, Exchange(Join(part.Samples), teacher, views, part.Random))
                        .Times((double)part.Samples.Length / step.Length));
            }

            if (Error(module, judged) is { } error && error < least)
            {
                (least, best) = (error, Array.ConvertAll(weights, w => w.Export()));
            }

            progress?.Invoke((epoch + 1.0) / epochs);
        }

        if (best is null)
        {
            return Distilled.Nothing($"the answers came no closer on {held} inputs that were held out");
        }

        foreach (var (weight, content) in weights.Zip(best))
        {
            weight.Load(content);
        }

        module.WriteBack();
        return new Distilled(epochs, null);
    }

    /// <summary>The one input and the one output of a network, before a final Softmax; null where there are others.</summary>
    private static (Value Input, Value Output)? Ends(Model model)
    {
        Value[] inputs = [.. model.Graph.FedInputs];
        return inputs is [{ ElementType: ElementType.Float, Shape: { Rank: > 0 } shape } input]
            && shape[0].Size is null or 1
            && model.Graph.Outputs is [{ ElementType: ElementType.Float } output]
            ? (input, GraphModule.Logits(output))
            : null;
    }

    /// <summary>[1, ...] each.</summary>
    private static Tensor[] Samples(IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, string input)
    {
        var samples = new List<Tensor>();
        var elements = 0L;
        foreach (var batch in batches)
        {
            var all = batch[input];
            for (var i = 0; i < all.Dims[0]; i++)
            {
                samples.Add(all.Take(0, [i]));
            }

            elements += all.Count;
            if (elements > MostElements)
            {
                break;
            }
        }

        return [.. samples];
    }

    /// <summary>Null where the network holds an operator that cannot be trained through.</summary>
    private static GraphModule? Open(Model model, IReadOnlyDictionary<Value, Shape> shapes, out string obstacle)
    {
        obstacle = "";
        try
        {
            return new GraphModule(model, shapes, torch.CPU, foldsNorms: true);
        }
        catch (UnsupportedModelException e)
        {
            obstacle = e.Message.TrimEnd('.');
            return null;
        }
    }

    /// <summary>Concrete shapes at the size of a batch.</summary>
    private static Dictionary<Value, Shape> Shapes(Model model, IReadOnlyDictionary<string, Tensor> batch) =>
        ShapeInference.Read(model, batch.ToDictionary(i => i.Key, i => i.Value.Dims.ToArray()), "the pruned model")
            .ToDictionary(p => p.Key, p => p.Value.Shape);

    /// <summary>Fewer samples a step where gradients keep much of each.</summary>
    private static int StepSize(IReadOnlyDictionary<Value, Shape> shapes)
    {
        var elements = shapes.Where(s => s.Key.Producer is not null && s.Value.All(d => d.Size is not null))
            .Sum(s => s.Value.Skip(1).Aggregate(1.0, (all, d) => all * d.Size!.Value));
        return (int)Math.Clamp(MostKept / Math.Max(1, elements), MostParts, SamplesOfStep);
    }

    private static IEnumerable<Tensor> Chunks(Tensor[] samples, int size) => samples.Chunk(size).Select(Join);

    private static Tensor Join(Tensor[] samples) =>
        Tensor.Of(samples.SelectMany(s => s.ToFloats()).ToArray(), [samples.Length, .. samples[0].Dims.Skip(1)]);

    private static IEnumerable<int[]> Halves(int[] step) =>
        step.Length < MostParts ? [step] : step.Chunk((step.Length + MostParts - 1) / MostParts);

    /// <summary>One view of each sample, and what the original says of it.</summary>
    private static (torch.Tensor Input, torch.Tensor Answer) Exchange(
        Tensor samples, Teacher teacher, ImageViews views, SeededRandom random)
    {
        var seen = views.Of(samples, random);
        return (TensorBridge.ToTorch(seen, torch.CPU), TensorBridge.ToTorch(teacher.Answer(seen), torch.CPU));
    }

    private static torch.Tensor Loss(GraphModule module, (torch.Tensor Input, torch.Tensor Answer) exchange) =>
        DistillationLoss.Of(module.Forward(exchange.Input, training: false), exchange.Answer);

    /// <summary>Null where an operator turns out not to compute with libtorch, or not with other batches than the model's own.</summary>
    private static double? Error(GraphModule module, (torch.Tensor Input, torch.Tensor Answer)[] judged)
    {
        using var mode = torch.no_grad();
        try
        {
            var error = 0.0;
            foreach (var exchange in judged)
            {
                using var scope = torch.NewDisposeScope();
                error += TensorBridge.Item(Loss(module, exchange)) * exchange.Input.shape[0];
            }

            return error;
        }
        catch (Exception e) when (e is UnsupportedModelException or ExternalException)
        {
            return null;
        }
    }
}
