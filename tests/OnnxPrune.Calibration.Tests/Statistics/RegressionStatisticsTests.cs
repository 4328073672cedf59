using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Statistics;

public sealed class RegressionStatisticsTests
{
    private const double Weak = 1e-7;
    private const double Rounding = 2e-3;

    /// <summary>
    /// A layer is linear in its input: fitted to its own output from nothing, the regression gives back its weights, group by group.
    /// </summary>
    [Theory]
    [InlineData("conv")]
    [InlineData("strided conv")]
    [InlineData("grouped")]
    [InlineData("depthwise")]
    [InlineData("norm")]
    [InlineData("linear")]
    [InlineData("matrix")]
    [InlineData("matrix on maps")]
    public void A_layer_fitted_to_its_own_output_is_found_again(string kind)
    {
        var g = new TestGraph(3);
        var x =
            kind switch { "linear" => g.Input(6), "matrix" => g.Input(5, 6), "matrix on maps" => g.Input(4, 5, 6), _ => g.Input(6, 9, 9) };
        g.Output(kind switch
        {
            "conv" => g.Conv(x, 4, 3),
            "strided conv" => g.Conv(x, 4, 3, stride: 2),
            "grouped" => g.Conv(x, 4, 3, group: 2),
            "depthwise" => g.Depthwise(x),
            "norm" => g.BatchNorm(x),
            "linear" => g.Linear(x, 4),
            _ => new Wire(g.Op("Add", [g.Op("MatMul", [x, g.Weight(6, 4)]), g.Weight(4)]), 4),
        });
        var model = ModelCopy.WithShapes(g.Build());
        var constants = new ConstantValues();
        var unit = AffineLayer.Of(model.Graph.Nodes.First(n =>
            n.OpType is "Conv" or "Gemm" or "MatMul" or "BatchNormalization"), new Dictionary<Node, int>(), constants)!;
        var (weights, shift) = unit.FoldedWeights(constants);
        var batch = RandomInputs.For(model, new Random(4), batch: 40);
        var (input, output) = (batch.Values.Single(), Run(model, batch).Values.Single());

        var layout = RowLayout.Of(unit, input.Dims, constants[unit.Layer.Inputs[1]]!.Dims);
        NormalEquations[] sums = [.. Enumerable.Range(0, unit.Groups)
            .Select(_ => new NormalEquations(layout.Features, weights.ColumnCount / unit.Groups))];
        using (var statistics = new RegressionStatistics(hasTarget: true, SessionSettings.Plain))
        using (var given = RuntimeTensor.ToOrtValue(input))
        using (var wanted = RuntimeTensor.ToOrtValue(output))
        using (var ofBatch = statistics.Of(layout, given, wanted, null, layout.Draw(900, input.Dims[0], 1, new SeededRandom(1))))
        {
            ofBatch.AddTo(sums);
        }

        var found = Array.ConvertAll(sums, s => RidgeRegression.Solve(s, Matrix<double>.Build.Dense(s.Features, s.Targets), Weak));
        var whole = found.Aggregate((a, b) => a.Append(b));
        Assert.True((whole - weights).L2Norm() < Rounding * weights.L2Norm());
        Assert.All(shift.Zip(sums.SelectMany((s, i) => s.Intercept(found[i]))), p => Assert.Equal(p.First, p.Second, 0.01));
    }

    /// <summary>Sums over some channels are the sums over all, without the rest.</summary>
    [Theory]
    [InlineData("conv")]
    [InlineData("half")]
    [InlineData("matrix")]
    public void Channels_that_are_not_chosen_are_left_out(string kind)
    {
        var g = new TestGraph(3) { Type = kind == "half" ? ElementType.Float16 : ElementType.Float };
        var x = kind == "matrix" ? g.Input(5, 6) : g.Input(6, 9, 9);
        g.Output(kind == "matrix" ? new Wire(g.Op("Add", [g.Op("MatMul", [x, g.Weight(6, 4)]), g.Weight(4)]), 4) : g.Conv(x, 4, 3));
        var model = ModelCopy.WithShapes(g.Build());
        var constants = new ConstantValues();
        var unit = AffineLayer.Of(model.Graph.Nodes.First(n => n.OpType is "Conv" or "MatMul"), new Dictionary<Node, int>(), constants)!;
        var input = RandomInputs.For(model, new Random(4), batch: 10).Values.Single();
        var layout = RowLayout.Of(unit, input.Dims, constants[unit.Layer.Inputs[1]]!.Dims);
        int[] chosen = [1, 2, 5];

        var part = Sum(layout with { Chosen = chosen });
        var ofAll = Sum(layout).Select([.. chosen.SelectMany(c => Enumerable.Range(c * (int)layout.Taps, (int)layout.Taps))]);

        Assert.True(part.Samples > 0);
        Assert.True((part.Covariance() - ofAll.Covariance()).L2Norm() <= 1e-6 * ofAll.Covariance().L2Norm());
        Assert.All(part.FeatureMean().Zip(ofAll.FeatureMean()), p => Assert.Equal(p.Second, p.First, 1e-6));

        NormalEquations Sum(RowLayout rows)
        {
            var sums = new NormalEquations(rows.Features, 0);
            using var statistics = new RegressionStatistics(hasTarget: false, SessionSettings.Plain);
            using var given = RuntimeTensor.ToOrtValue(input);
            using var ofBatch = statistics.Of(rows, given, null, null, rows.Draw(300, input.Dims[0], 1, new SeededRandom(1)));
            ofBatch.AddTo([sums]);
            return sums;
        }
    }

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), null, SessionSettings.Plain, "the layer");
        return session.Run(inputs);
    }
}
