using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;

namespace OnnxPrune.Training.Steps;

/// <summary>
/// An exponential moving average of a module's weights and running statistics (Polyak and Juditsky 1992, as Tarvainen and Valpola 2017 use
/// it): a ← d · a + (1 − d) · w after every step, where d rises from 0.1 with the steps, (1 + t) / (10 + t), until it reaches its limit.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly GraphModule _module;
    private readonly double _decay;
    private readonly torch.Tensor[] _averages;

    /// <param name="decay">The limit of d, 0 to 1.</param>
    public WeightAverage(GraphModule module, double decay)
    {
        using var mode = torch.no_grad();
        (_module, _decay) = (module, decay);
        _averages = [.. module.Weights.Select(w => w.Data.clone().DetachFromDisposeScope())];
    }

    /// <summary>Takes in the weights as they are after a step.</summary>
    /// <param name="step">Counted from 0.</param>
    public void Update(long step)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var decay = Math.Min(_decay, (1.0 + step) / (10.0 + step));
        foreach (var (average, weight) in _averages.Zip(_module.Weights))
        {
            average.Scale(decay);
            average.Increase(weight.Data, 1 - decay);
        }
    }

    /// <summary>Exchanges averages and weights; a second call brings both back.</summary>
    public void Swap()
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        foreach (var (average, weight) in _averages.Zip(_module.Weights))
        {
            var kept = weight.Data.clone();
            weight.Data.copy_(average);
            average.copy_(kept);
        }
    }

    /// <summary>The averages, one weight after the other.</summary>
    public byte[] Save() => SavedTensors.Save(_averages);

    /// <param name="saved">By <see cref="Save"/>, of weights of the same shapes.</param>
    /// <exception cref="InvalidDataException">They were others.</exception>
    public void Load(byte[] saved) => SavedTensors.Load(_averages, saved);

    public void Dispose() => Array.ForEach(_averages, a => a.Dispose());
}
