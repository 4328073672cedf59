using OnnxPrune.Torch.Operators;
using TorchSharp;
using TorchSharp.Modules;

namespace OnnxPrune.Torch.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015) on one parameter: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − rate · m̂ / (√v̂ + ε), where m̂ = m /
/// (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
/// </summary>
internal sealed class Adam(Parameter parameter) : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly torch.Tensor _mean = torch.zeros_like(parameter).DetachFromDisposeScope();
    private readonly torch.Tensor _square = torch.zeros_like(parameter).DetachFromDisposeScope();
    private int _steps;

    /// <summary>Follows the gradient; does nothing where there is none.</summary>
    public void Step(double rate)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        if (parameter.grad is not { } gradient)
        {
            return;
        }

        _steps++;
        _mean.Scale(Beta1);
        _mean.Increase(gradient, 1 - Beta1);
        _square.Scale(Beta2);
        _square.IncreaseByProduct(gradient, gradient, 1 - Beta2);
        var size = _square.sqrt();
        size.Scale(1 / Math.Sqrt(1 - Math.Pow(Beta2, _steps)));
        size.Increase(Epsilon);
        parameter.IncreaseByQuotient(_mean, size, -rate / (1 - Math.Pow(Beta1, _steps)));
    }

    public void ClearGradient()
    {
        using var scope = torch.NewDisposeScope();
        parameter.grad?.zero_();
    }

    public void Dispose()
    {
        _mean.Dispose();
        _square.Dispose();
    }
}
