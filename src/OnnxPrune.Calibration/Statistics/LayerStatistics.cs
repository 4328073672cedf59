using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;
using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>The inputs of one layer of the original, as seen on the calibration data: the covariance and mean of its features.</summary>
/// <param name="Taps">Features per input channel: the kernel's elements, or 1 where all taps share one covariance.</param>
internal sealed record LayerStatistics(AffineLayer Unit, Matrix<double> Covariance, double[] Mean, int Taps)
{
    // Above this, one covariance of the channels serves all taps.
    public const int MostFeatures = 1200;
    // Beyond this, a regression costs more than it is worth: the channels are counted, and nothing makes up for them.
    private const int MostRegressed = 2304;
    private const int RowsPerFeature = 16;
    private const int FewestRows = 8192;

    /// <summary>Collects the statistics of every layer without groups that reads channels, in one pass over the batches.</summary>
    public static IReadOnlyList<LayerStatistics> Collect(
        Model model, ConstantValues constants, IEnumerable<Node> layers, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings, long seed)
    {
        var joins = BlockFinder.Find(model, constants).ToDictionary(b => b.Join, b => b.BranchInput);
        var wanted = layers.ToHashSet();
        var units = model.Graph.TopologicalOrder().Where(wanted.Contains)
            .Select(n => AffineLayer.Of(n, joins, constants)).OfType<AffineLayer>()
            .Where(u => u.Groups == 1 && IsManageable(u, constants)).ToArray();
        var result = new List<LayerStatistics>();
        using var cursor = new LayerwiseExecutor(model, batches, settings);
        foreach (var unit in units)
        {
            cursor.MoveBehind(cursor.PlaceOf(unit.Layer) - 1);
            result.Add(Collect(unit, constants, cursor, new SeededRandom(seed + result.Count)));
        }

        return result;
    }

    /// <summary>The mean of an output with other weights [F, M], without the shift.</summary>
    public double MeanOf(Matrix<double> weights, int output)
    {
        // Where one covariance serves all taps, so does one mean.
        var spread = weights.RowCount / Mean.Length;
        var column = DenseProduct.ByColumns(weights).AsSpan(output * weights.RowCount, weights.RowCount);
        var mean = 0.0;
        for (var f = 0; f < Mean.Length; f++)
        {
            mean += Mean[f] * TensorPrimitives.Sum<double>(column.Slice(f * spread, spread));
        }

        return mean;
    }

    /// <summary>True if the layer reads few enough channels for a regression.</summary>
    public static bool IsManageable(AffineLayer unit, ConstantValues constants) => unit.Groups == 1
        ? unit.InputCount(constants) <= MostRegressed
        : unit.FeatureCount(constants) <= MostFeatures;

    private static LayerStatistics Collect(AffineLayer unit, ConstantValues constants, LayerwiseExecutor cursor, SeededRandom random)
    {
        var weight = constants[unit.Layer.Inputs[1]]!;
        var seeds = random.Seeds(cursor.Batches);
        using var statistics = new RegressionStatistics(hasTarget: false, cursor.Settings);
        using var view = cursor.View([unit.Input]);
        (NormalEquations Sums, RowLayout Layout)? all = null;
        foreach (var batch in OrderedParallel.Lend(cursor.Batches, cursor.AtOnce, Sum))
        {
            all ??= (new NormalEquations(batch.Layout.Features, 0), batch.Layout);
            batch.AddTo([all.Value.Sums]);
        }

        var (sums, layout) = all!.Value;
        return new LayerStatistics(unit, sums.Covariance() / sums.Samples, sums.FeatureMean(), (int)layout.Taps);

        BatchSums Sum(int i)
        {
            using var values = view.Of(i);
            var x = values[unit.Input];
            var dims = x.GetTensorTypeAndShape().Shape;
            var layout = RowLayout.Of(unit, dims, weight.Dims);
            layout = layout.Features > MostFeatures && layout.Taps > 1 ? RowLayout.OfPoints(unit, dims) : layout;
            var rows = Math.Max(FewestRows, RowsPerFeature * layout.Features);
            return statistics.Of(layout, x, null, null, layout.Draw(rows, dims[0], cursor.Batches, new SeededRandom(seeds[i])));
        }
    }
}
