using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Training.LowBits;

/// <summary>
/// A weight that takes 2^K levels in each output channel, and levels that are learned (Hoang et al., IJCAI 2020). The gradient that reaches
/// the levels goes to their basis: the step that all weights together would take, as far as levels can follow it. It goes straight through
/// to the weights as well, which decide by their place which level each takes next.
/// </summary>
internal sealed class LearnedLevels : IDisposable
{
    private readonly Weight _weight;
    private readonly int _axis;
    private readonly torch.Tensor _basis;
    private readonly torch.Tensor _velocity;
    private readonly torch.Tensor[] _signs;
    private torch.Tensor? _codes;
    private torch.Tensor? _exchanged;

    /// <param name="axis">That of the output channels.</param>
    /// <param name="bits">K.</param>
    public LearnedLevels(Weight weight, int axis, int bits)
    {
        (_weight, _axis) = (weight, axis);
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var rows = Rows(weight.Data).contiguous();
        var (outputs, features) = ((int)rows.shape[0], (int)rows.shape[1]);
        var values = TensorBridge.Floats(rows);
        var basis = new float[outputs * bits];
        Parallel.For(0, outputs, m =>
        {
            var fitted = LevelBasis.Fit(values.AsSpan(m * features, features), bits);
            Array.ConvertAll(fitted, v => (float)v).CopyTo(basis, m * bits);
        });
        _basis = torch.tensor(basis, [outputs, bits], null, weight.Data.device).DetachFromDisposeScope();
        _velocity = torch.zeros_like(_basis).DetachFromDisposeScope();
        _signs = [.. Enumerable.Range(0, bits).Select(k => torch.tensor(
            [.. Enumerable.Range(0, 1 << bits).Select(code => (float)LevelBasis.Sign(code, k))], [1L << bits], null, weight.Data.device)
            .DetachFromDisposeScope())];
    }

    /// <summary>Basis and velocity: all that the next step depends on beside the weights.</summary>
    public IEnumerable<torch.Tensor> State => [_basis, _velocity];

    /// <summary>The levels in place of the weights, with a gradient that goes straight through to the weights.</summary>
    public torch.Tensor Quantized()
    {
        torch.Tensor difference;
        using (torch.no_grad())
        {
            var (quantized, codes) = Assign();
            _codes?.Dispose();
            _codes = codes.DetachFromDisposeScope();
            difference = quantized.Plus(_weight.Data, -1).detach();
        }

        return _weight.Data.Plus(difference);
    }

    /// <summary>After the backward pass, before the weights move: moves the levels.</summary>
    public void Update(double rate, double momentum, double weightDecay)
    {
        if (_weight.Parameter?.grad is not { } gradient || _codes is null)
        {
            return;
        }

        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var rows = Rows(gradient);
        var flat = _codes.flatten();
        var steps = torch.stack([.. _signs.Select(s => s.index_select(0, flat).reshape(rows.shape).mul(rows).mean([1]))], 1);
        _velocity.Scale(momentum);
        _velocity.Increase(steps);
        _velocity.Increase(_basis, weightDecay);
        _basis.Increase(_velocity, -rate);
    }

    /// <summary>Exchanges the weights and their levels; a second call brings the weights back.</summary>
    public void Exchange()
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        if (_exchanged is { } weights)
        {
            _weight.Data.copy_(weights);
            weights.Dispose();
            _exchanged = null;
            return;
        }

        _exchanged = _weight.Data.clone().DetachFromDisposeScope();
        _weight.Data.copy_(Assign().Quantized);
    }

    public void Dispose()
    {
        _basis.Dispose();
        _velocity.Dispose();
        _codes?.Dispose();
        _exchanged?.Dispose();
        Array.ForEach(_signs, s => s.Dispose());
    }

    /// <summary>Each weight's nearest level, in the shape of the weight, and its code, [outputs, features].</summary>
    private (torch.Tensor Quantized, torch.Tensor Codes) Assign()
    {
        var rows = Rows(_weight.Data).contiguous();
        var levels = torch.zeros_like(_basis.slice(1, 0, 1, 1));
        for (var k = 0L; k < _basis.shape[1]; k++)
        {
            var number = _basis.slice(1, k, k + 1, 1);
            levels = torch.cat([levels.Plus(number, -1), levels.Plus(number)], 1);
        }

        var (sorted, order) = levels.sort(1);
        var count = sorted.shape[1];
        var borders = sorted.slice(1, 0, count - 1, 1).Plus(sorted.slice(1, 1, count, 1)).Times(0.5).contiguous();
        var places = torch.searchsorted(borders, rows);
        return (Shaped(sorted.gather(1, places)), order.gather(1, places));
    }

    /// <summary>[outputs, features], in the order in which the features are stored.</summary>
    private torch.Tensor Rows(torch.Tensor weight) => weight.transpose(0, _axis).flatten(1);

    private torch.Tensor Shaped(torch.Tensor rows)
    {
        var shape = _weight.Data.shape;
        (shape[0], shape[_axis]) = (shape[_axis], shape[0]);
        return rows.reshape(shape).transpose(0, _axis);
    }
}
