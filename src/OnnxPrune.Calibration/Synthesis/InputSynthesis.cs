using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;

namespace OnnxPrune.Calibration.Synthesis;

/// <summary>
/// Makes inputs for a network from the network alone (ZeroQ, Cai et al. 2020; DeepInversion, Yin et al. 2020): noise that is changed by
/// gradient descent until the activations have the mean and variance that BatchNormalization remembers of the training images. Classes are
/// not asked for: inputs that the network is sure of calibrate it worse.
/// </summary>
internal sealed class InputSynthesis : IDisposable
{
    private const int BatchSize = 64;
    private const int Steps = 40;
    private const double Rate = 0.1;

    // The root of no variance has no gradient.
    private const double LeastVariance = 1e-6;
    private const double LargestVariance = 1e30;

    private readonly GraphModule _module;
    private readonly long[] _sample;
    private readonly Dictionary<Node, (torch.Tensor Mean, torch.Tensor Deviation)> _norms = [];

    /// <param name="model">With shapes; is not changed.</param>
    /// <param name="sample">The dimensions of one input, without the batch.</param>
    /// <exception cref="UsageException">The network has no BatchNormalization to learn from.</exception>
    /// <exception cref="UnsupportedModelException">Gradients cannot pass through an operator.</exception>
    public InputSynthesis(Model model, long[] sample)
    {
        TorchLibrary.Load();
        TorchLibrary.KeepFreedMemory();
        _sample = sample;
        var copy = model.Clone();
        var input = copy.Graph.FedInputs.Single();

        // Sizes that are open in the model are those of the sample.
        _module = GraphModule.Of(copy, torch.CPU, input.Shape is { } shape && shape.Skip(1).All(d => d.IsKnown)
            ? null
            : new Dictionary<string, long[]> { [input.Name] = [2, .. sample] });
        var constants = new ConstantValues();
        foreach (var norm in copy.Graph.Nodes.Where(n => n is { OpType: "BatchNormalization", Domain: "" }))
        {
            if (constants[norm.Input(3)] is { } mean && constants[norm.Input(4)] is { } variance)
            {
                var deviation = variance.WithValues(
                    [.. variance.ToDoubles().Select(v => Math.Sqrt(v + norm.Float("epsilon", 1e-5f)))], variance.Count);
                _norms.Add(norm, (Kept(mean), Kept(deviation)));
            }
        }

        if (_norms.Count == 0)
        {
            Dispose();
            throw new UsageException(
                "Inputs are made from the statistics of BatchNormalization, and this network has none: exporters fold it into the layers "
                    + "before it. Export the network without folding, or give real inputs by --calib.");
        }
    }

    /// <summary>Some inputs, [count, ...].</summary>
    /// <param name="progress">Is told the share that is done, 0 to 1.</param>
    public Tensor Make(int count, long seed, IProgress<double>? progress, CancellationToken cancellation)
    {
        var length = (int)Tensor.ElementCount(_sample);
        var values = new float[count * length];
        var batches = (count + BatchSize - 1) / BatchSize;
        for (var batch = 0; batch < batches; batch++)
        {
            var size = Math.Min(BatchSize, count - (batch * BatchSize));
            var share = new Progress(progress, batch, batches);
            Batch(size, new SeededRandom(unchecked((seed * 7919) + batch)), share, cancellation)
                .CopyTo(values.AsSpan(batch * BatchSize * length));
        }

        return Tensor.Of(values, [count, .. _sample]);
    }

    public void Dispose()
    {
        _module.Dispose();
        foreach (var (mean, deviation) in _norms.Values)
        {
            mean.Dispose();
            deviation.Dispose();
        }
    }

    private float[] Batch(int size, SeededRandom random, Progress progress, CancellationToken cancellation)
    {
        using var scope = torch.NewDisposeScope();
        float[] noise = [.. Enumerable.Range(0, size * (int)Tensor.ElementCount(_sample)).Select(_ => (float)random.NextNormal())];
        using var x = new Parameter(torch.tensor(noise, [size, .. _sample], null, null));
        using var descent = new Adam(x);
        for (var step = 0; step < Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var ofStep = torch.NewDisposeScope();
            descent.ClearGradient();
            Loss(x).backward();
            descent.Step(Rate * 0.5 * (1 + Math.Cos(Math.PI * step / Steps)));
            progress.Report((step + 1.0) / Steps);
        }

        return TensorBridge.Floats(x);
    }

    /// <summary>
    /// The mean over all norms of the squared differences of means and deviations from those remembered, in remembered deviations.
    /// </summary>
    private torch.Tensor Loss(torch.Tensor x)
    {
        torch.Tensor? loss = null;
        _module.Forward(x, training: false, observe: (node, read, _) =>
        {
            if (_norms.TryGetValue(node, out var known))
            {
                long[] withinChannel = [.. Enumerable.Range(0, read.shape.Length).Where(axis => axis != 1).Select(axis => (long)axis)];
                var mean = read.mean(withinChannel);
                var square = read.mul(read).mean(withinChannel).Plus(mean.mul(mean), -1);
                var deviation = square.Clamped(0, LargestVariance).Plus(LeastVariance).sqrt();
                var shift = mean.Plus(known.Mean, -1).div(known.Deviation);
                var spread = deviation.div(known.Deviation).Plus(-1);
                var error = shift.mul(shift).Plus(spread.mul(spread)).mean();
                loss = loss is null ? error : loss.Plus(error);
            }
        });
        return loss!.Times(1.0 / _norms.Count);
    }

    private static torch.Tensor Kept(Tensor content) => TensorBridge.ToTorch(content, torch.CPU).DetachFromDisposeScope();

    /// <summary>The progress of one batch among all.</summary>
    private sealed record Progress(IProgress<double>? All, int Batch, int Batches)
    {
        public void Report(double share) => All?.Report((Batch + share) / Batches);
    }
}
