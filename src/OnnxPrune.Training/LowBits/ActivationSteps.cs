using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Training.LowBits;

/// <summary>The numbers that an activation takes: Scale · (q − Zero), with integers q from 0 on.</summary>
internal readonly record struct ActivationScale(float Scale, int Zero);

/// <summary>
/// An activation that takes 2^b evenly spaced numbers: scale · (q − zero), q = 0 … 2^b − 1. Scale and zero make the sum of the channels'
/// errors the smallest, each relative to the channel's own size: what suits most channels, as Hoang et al. (IJCAI 2020) ask for, and not
/// the few of large variance that would decide a mean squared error. The gradient goes straight through, but for what lies beyond the
/// outermost numbers.
/// </summary>
internal sealed class ActivationSteps : IDisposable
{
    private const int Candidates = 40;

    // Below this, quotients by a scale are no normal numbers.
    private const double SmallestScale = 1e-20;

    private readonly int _most;
    private readonly torch.Tensor _state = torch.ones([2]).DetachFromDisposeScope();

    /// <param name="bits">2 to 8.</param>
    public ActivationSteps(int bits) => _most = (1 << bits) - 1;

    /// <summary>The scale, above zero, and the integer that stands for zero.</summary>
    public ActivationScale Parameters
    {
        get => TensorBridge.Floats(_state) is var numbers ? new ActivationScale(numbers[0], (int)numbers[1]) : default;
        private set
        {
            using var mode = torch.no_grad();
            using var numbers = torch.tensor(new[] { value.Scale, value.Zero });
            _state.copy_(numbers);
        }
    }

    /// <summary>Scale and zero as a checkpoint keeps them, [2].</summary>
    public torch.Tensor State => _state;

    /// <summary>Finds scale and zero for such activations, [N, C, ...].</summary>
    public void Fit(torch.Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var (low, high) = (Math.Min(TensorBridge.Item(x.min()), 0), Math.Max(TensorBridge.Item(x.max()), 0));
        long[] withinChannel = [.. Enumerable.Range(0, x.shape.Length).Where(axis => axis != 1).Select(axis => (long)axis)];
        var sizes = x.mul(x).mean(withinChannel).sqrt().Plus(SmallestScale);
        var smallest = double.PositiveInfinity;
        for (var i = 1; i <= Candidates; i++)
        {
            using var ofCandidate = torch.NewDisposeScope();
            var candidate = Spanning(low * i / Candidates, high * i / Candidates);
            var difference = Rounded(x, candidate).Plus(x, -1);
            var error = TensorBridge.Item(difference.mul(difference).mean(withinChannel).sqrt().div(sizes).sum());
            if (error < smallest)
            {
                (Parameters, smallest) = (candidate, error);
            }
        }
    }

    /// <summary>The nearest of the numbers, with a gradient that goes straight through within them.</summary>
    public torch.Tensor Quantized(torch.Tensor x)
    {
        var numbers = Parameters;
        var clamped = Clamped(x, numbers);
        torch.Tensor difference;
        using (torch.no_grad())
        {
            difference = Rounded(clamped, numbers).Plus(clamped, -1).detach();
        }

        return clamped.Plus(difference);
    }

    public void Dispose() => _state.Dispose();

    private ActivationScale Spanning(double low, double high)
    {
        var scale = (high - low) / _most;
        return scale > SmallestScale
            ? new ActivationScale((float)scale, Math.Clamp((int)Math.Round(-low / scale), 0, _most))
            : new ActivationScale(1, 0);
    }

    private torch.Tensor Clamped(torch.Tensor x, ActivationScale by) =>
        x.Clamped(-by.Zero * (double)by.Scale, (_most - by.Zero) * (double)by.Scale);

    private torch.Tensor Rounded(torch.Tensor x, ActivationScale by) =>
        Clamped(x, by).Times(1 / (double)by.Scale).round().Times(by.Scale);
}
