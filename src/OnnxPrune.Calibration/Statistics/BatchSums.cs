using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>The sums of a layer's regressions over one batch, one per group.</summary>
internal sealed class BatchSums : IDisposable
{
    private readonly IDisposableReadOnlyCollection<OrtValue> _products;
    private readonly float[] _featureSums;
    private readonly float[] _targetSums;
    private readonly double[] _targetSquares;
    private readonly long _rows;

    /// <param name="features">A [G, N·S, F].</param>
    /// <param name="targets">T [G, N·S, M/G]; null where there are none.</param>
    /// <param name="products">AᵀA [G, F, F] and, with targets, TᵀA [G, M/G, F]; disposed with the sums.</param>
    public BatchSums(RowLayout layout, SampledRows features, SampledRows? targets, IDisposableReadOnlyCollection<OrtValue> products)
    {
        (Layout, _products, _rows) = (layout, products, features.Count);
        (_featureSums, _targetSums) = (features.Sums(), targets?.Sums() ?? []);
        _targetSquares = [.. Enumerable.Range(0, layout.Groups).Select(g => targets?.SumOfSquares(g) ?? 0)];
    }

    /// <summary>The layout of the layer's input as rows.</summary>
    public RowLayout Layout { get; }

    /// <summary>Adds them to the sums of other batches.</summary>
    public void AddTo(IReadOnlyList<NormalEquations> sums)
    {
        for (var g = 0; g < Layout.Groups; g++)
        {
            sums[g].Add(Product(0, g), Product(1, g), PartOf(_featureSums, g), PartOf(_targetSums, g), _targetSquares[g], _rows);
        }
    }

    public void Dispose() => _products.Dispose();

    private ReadOnlySpan<float> Product(int index, int group) =>
        index < _products.Count ? PartOf(_products[index].GetTensorDataAsSpan<float>(), group) : [];

    private ReadOnlySpan<float> PartOf(ReadOnlySpan<float> all, int group) =>
        all.Slice(all.Length / Layout.Groups * group, all.Length / Layout.Groups);
}
