using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// One layer that reads a group of channels, and what is left of its weights as channels are taken from it one after the other: those
/// that stay make up for those that go, and the mean of the output does not change.
/// </summary>
internal sealed class ChannelElimination
{
    private readonly LayerStatistics _layer;
    private readonly OptimalBrainSurgeon _surgeon;
    private readonly ILookup<int, int> _places;
    private readonly Matrix<double> _weights;
    private readonly double[] _shift;
    private readonly int _spread;

    /// <param name="channels">The channels along the layer's input, one per index.</param>
    public ChannelElimination(LayerStatistics layer, int[] channels, ConstantValues constants)
    {
        _layer = layer;
        (_weights, _shift) = layer.Unit.FoldedWeights(constants);
        // Where one covariance serves all taps, each tap counts as outputs of its own.
        _spread = _weights.RowCount / layer.Covariance.RowCount;
        var spread = Spread(_weights);
        _surgeon = new OptimalBrainSurgeon(layer.Covariance, spread, layer.Taps);
        _places = channels.Select((c, i) => (c, i)).ToLookup(p => p.c, p => p.i);
        Energy = Math.Max(_surgeon.Variance, double.Epsilon);
    }

    /// <summary>The variance of the layer's output, as a scale for costs.</summary>
    public double Energy { get; }

    /// <summary>The layer's output for its input, all by itself.</summary>
    public Value Output => _layer.Unit.Own;

    /// <summary>The error that taking the channel causes now, as a share of the output's variance.</summary>
    public double CostOf(int channel) => _places[channel].Sum(_surgeon.CostOf) / Energy;

    /// <summary>Takes channels, together.</summary>
    public void Remove(IEnumerable<int> channels) => _surgeon.Remove([.. channels.SelectMany(c => _places[c])]);

    /// <summary>The remaining weights of the layer.</summary>
    public Matrix<double> Weights() => Gather(_surgeon.Weights());

    /// <summary>Puts other weights into the layer.</summary>
    public void Write(Graph graph, ConstantValues constants, Matrix<double> weights)
    {
        _layer.Unit.Replace(
            graph, constants, weights, [.. _shift.Select((s, m) => s + _layer.MeanOf(_weights, m) - _layer.MeanOf(weights, m))]);
    }

    /// <summary>Puts the layer's own weights back.</summary>
    public void Restore(Graph graph, ConstantValues constants) => _layer.Unit.Replace(graph, constants, _weights, _shift);

    // [C·K, M] → [C, K·M]
    private Matrix<double> Spread(Matrix<double> weights)
    {
        var outputs = weights.ColumnCount;
        return _spread == 1 ? weights : Matrix<double>.Build.Dense(weights.RowCount / _spread, _spread * outputs, (c, k) =>
            weights[(c * _spread) + (k / outputs), k % outputs]);
    }

    // [C, K·M] → [C·K, M]
    private Matrix<double> Gather(Matrix<double> spread)
    {
        var outputs = spread.ColumnCount / _spread;
        return _spread == 1 ? spread : Matrix<double>.Build.Dense(spread.RowCount * _spread, outputs, (f, m) =>
            spread[f / _spread, (f % _spread * outputs) + m]);
    }
}
