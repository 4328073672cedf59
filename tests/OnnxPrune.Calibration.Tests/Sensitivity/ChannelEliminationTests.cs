using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Sensitivity;

public sealed class ChannelEliminationTests
{
    private const int Channels = 4;
    private const int Taps = 9;

    private readonly Model _model = Conv();
    private readonly ConstantValues _constants = new();
    private readonly AffineLayer _unit;
    private readonly Matrix<double> _weights;
    private readonly double[] _shift;

    public ChannelEliminationTests()
    {
        _unit = AffineLayer.Of(_model.Graph.Nodes[0], new Dictionary<Node, int>(), _constants)!;
        (_weights, _shift) = _unit.FoldedWeights(_constants);
    }

    [Theory]
    [InlineData(Taps)]
    [InlineData(1)]
    public void A_channels_twin_takes_its_weights_over_tap_by_tap(int taps)
    {
        // Channel 3 is twice channel 1, and shares nothing with the others.
        var surgery = Surgery(taps, (i, j) => Scale(i) * Scale(j) * (Source(i) == Source(j) ? 1 : 0));

        surgery.Remove([3]);
        var left = surgery.Weights();

        for (var t = 0; t < Taps; t++)
        {
            for (var m = 0; m < _weights.ColumnCount; m++)
            {
                Assert.Equal(0, left[(3 * Taps) + t, m]);
                Assert.Equal(_weights[t, m], left[t, m], 1e-12);
                Assert.Equal(_weights[Taps + t, m] + (2 * _weights[(3 * Taps) + t, m]), left[Taps + t, m], 0.1);
            }
        }

        static double Scale(int channel) => channel == 3 ? 2 : 1;
        static int Source(int channel) => channel == 3 ? 1 : channel;
    }

    [Theory]
    [InlineData(Taps)]
    [InlineData(1)]
    public void The_mean_of_the_output_stays(int taps)
    {
        var surgery = Surgery(taps, (i, j) => i == j ? 1 : 0.3);

        surgery.Remove([0, 2]);
        surgery.Write(_model.Graph, _constants, surgery.Weights());
        var (weights, shift) = _unit.FoldedWeights(_constants);

        for (var m = 0; m < _weights.ColumnCount; m++)
        {
            Assert.Equal(Mean(_weights, m) + _shift[m], Mean(weights, m) + shift[m], 1e-4);
        }

        surgery.Restore(_model.Graph, _constants);
        Assert.Equal(0, (_unit.FoldedWeights(_constants).Weights - _weights).L2Norm(), 1e-5);

        static double Mean(Matrix<double> weights, int m) =>
            Enumerable.Range(0, weights.RowCount).Sum(f => MeanOf(f / Taps) * weights[f, m]);
    }

    /// <summary>Statistics with one covariance of all features, or with one of the channels that serves all taps.</summary>
    private ChannelElimination Surgery(int taps, Func<int, int, double> covariance)
    {
        var matrix = Matrix<double>.Build.Dense(Channels * taps, Channels * taps, (i, j) =>
            i % taps == j % taps ? covariance(i / taps, j / taps) : 0);
        var statistics = new LayerStatistics(_unit, matrix, [.. Enumerable.Range(0, Channels * taps).Select(f => MeanOf(f / taps))], taps);
        return new ChannelElimination(statistics, [0, 1, 2, 3], _constants);
    }

    private static double MeanOf(int channel) => 0.5 + channel;

    private static Model Conv()
    {
        var g = new TestGraph();
        g.Output(g.Conv(g.Input(Channels, 6, 6), 5, kernel: 3));
        return ModelCopy.WithShapes(g.Build());
    }
}
