using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>
/// Adam (Kingma and Ba 2015) in steps that are a part of each weight tensor's own size, less and less along a cosine. A batch comes in
/// parts, each of which is computed on one thread, as is each weight's step: with two parts the sums are the same on every run and with any
/// number of threads.
/// </summary>
internal sealed class WeightDescent : IDisposable
{
    // Biases and shifts can be all zero, and have no size of their own then.
    private const double LeastVectorSize = 0.05;

    private readonly (Adam Adam, double Rate)[] _weights;
    private readonly ParallelOptions _parallel;
    private readonly long _steps;
    private long _step;

    /// <param name="rate">The first step, as a share of the root mean square of a tensor's elements.</param>
    /// <param name="steps">How many there will be.</param>
    /// <param name="threads">0 for one per core.</param>
    public WeightDescent(IEnumerable<Weight> weights, double rate, long steps, int threads)
    {
        _weights = [.. weights.Select(w => (new Adam(w.Parameter!), rate * Size(w)))];
        _steps = steps;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
    }

    /// <summary>One step.</summary>
    /// <param name="loss">Of a part of the batch: a scalar, whose gradients are added up over the parts.</param>
    public void Step<T>(IReadOnlyList<T> parts, Func<T, torch.Tensor> loss)
    {
        ForEach(parts, part =>
        {
            using var scope = torch.NewDisposeScope();
            loss(part).backward();
        });
        var decay = (1 + Math.Cos(Math.PI * _step++ / _steps)) / 2;
        ForEach(_weights, w =>
        {
            w.Adam.Step(w.Rate * decay);
            w.Adam.ClearGradient();
        });
    }

    public void Dispose() => Array.ForEach(_weights, w => w.Adam.Dispose());

    private void ForEach<T>(IEnumerable<T> all, Action<T> act) => Parallel.ForEach(all, _parallel, one =>
    {
        TorchLibrary.SetThreads(1);
        act(one);
    });

    private static double Size(Weight weight)
    {
        var values = weight.Export().ToDoubles();
        var size = Math.Sqrt(values.Sum(v => v * v) / values.Length);
        return weight.Data.shape.Length > 1 ? size : Math.Max(size, LeastVectorSize);
    }
}
