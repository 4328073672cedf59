using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;
using TorchSharp.Modules;

namespace OnnxPrune.Torch.Optimizers;

/// <summary>
/// Gradient descent with momentum and weight decay, as PyTorch has it: v ← momentum · v + g + weightDecay · w, w ← w − rate · v.
/// </summary>
internal sealed class Sgd : IDisposable
{
    private readonly (Parameter Parameter, torch.Tensor Velocity)[] _state;
    private readonly double _momentum;
    private readonly double _weightDecay;

    public Sgd(IEnumerable<Parameter> parameters, double momentum, double weightDecay)
    {
        (_momentum, _weightDecay) = (momentum, weightDecay);
        _state = [.. parameters.Select(p => (p, torch.zeros_like(p).DetachFromDisposeScope()))];
    }

    /// <summary>Follows the gradients; parameters that have none stay.</summary>
    public void Step(double rate)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        foreach (var (parameter, velocity) in _state)
        {
            if (parameter.grad is not { } gradient)
            {
                continue;
            }

            velocity.Scale(_momentum);
            velocity.Increase(gradient);
            velocity.Increase(parameter, _weightDecay);
            parameter.Increase(velocity, -rate);
        }
    }

    /// <summary>Shrinks all gradients alike where their common norm exceeds a limit (Pascanu et al. 2013).</summary>
    public void ClipGradients(double mostNorm)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var gradients = _state.Select(s => s.Parameter.grad).OfType<torch.Tensor>().ToArray();
        var norm = Math.Sqrt(gradients.Sum(g => TensorBridge.Item(g.mul(g).sum())));
        if (norm > mostNorm)
        {
            Array.ForEach(gradients, g => g.Scale(mostNorm / norm));
        }
    }

    public void ClearGradients()
    {
        using var scope = torch.NewDisposeScope();
        foreach (var (parameter, _) in _state)
        {
            parameter.grad?.zero_();
        }
    }

    /// <summary>The velocities, one parameter after the other.</summary>
    public byte[] Save() => SavedTensors.Save(_state.Select(s => s.Velocity));

    /// <param name="saved">By <see cref="Save"/>, of parameters of the same shapes.</param>
    /// <exception cref="InvalidDataException">They were others.</exception>
    public void Load(byte[] saved) => SavedTensors.Load(_state.Select(s => s.Velocity), saved);

    public void Dispose() => Array.ForEach(_state, s => s.Velocity.Dispose());
}
