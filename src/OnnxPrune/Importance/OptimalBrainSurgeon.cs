using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Importance;

/// <summary>
/// Optimal brain surgeon for whole input channels of a layer (Hassibi and Stork 1993; for structures: Kurtic et al., ZipLM, 2023):
/// what removing a channel costs when the weights of those that stay make up for it as well as they can, and these weights.
/// </summary>
/// <remarks>
/// With features' covariance H [F, F] and weights W [F, M], removing the features T of a channel adds tr(W_Tᵀ (H⁻¹_TT)⁻¹ W_T) to the
/// squared error. W itself is not carried along, since it has many more columns than H in some layers: costs need W·Wᵀ alone, and what is
/// left of W follows from H⁻¹ and H·W whenever it is asked for.
/// </remarks>
internal sealed class OptimalBrainSurgeon
{
    // When so large a part of the features is gone, what is left of them moves together: later removals have less to go through.
    private const double GonePart = 0.2;

    private readonly Matrix<double> _covariance;
    private readonly Matrix<double> _weights;
    private readonly double _damping;
    private readonly int _taps;

    // Where a channel's features are among those that are held, counted in channels; -1 when they are gone.
    private readonly int[] _places;

    private SymmetricBlocks _inverse;
    private SymmetricBlocks _squares;
    private Matrix<double>? _cross;

    /// <param name="covariance">[F, F], per sample.</param>
    /// <param name="weights">[F, M].</param>
    /// <param name="taps">Features per channel, which lie side by side.</param>
    /// <param name="damping">What is added to the diagonal, as a share of its mean.</param>
    public OptimalBrainSurgeon(Matrix<double> covariance, Matrix<double> weights, int taps, double damping = 1e-2)
    {
        (_weights, _taps) = (weights, taps);
        (_covariance, _damping, _inverse) = Inverse(covariance, damping);
        _squares = new SymmetricBlocks(DenseProduct.Of(weights, weights.Transpose()));
        _places = [.. Enumerable.Range(0, covariance.RowCount / taps)];
    }

    public int Channels => _places.Length;

    /// <summary>
    /// The number of channels, of so many, that leave together: of a hundred by one, of a thousand by eight, which costs an eighth of the
    /// time.
    /// </summary>
    public static int AtOnce(int count) => 1 + (count / 128);

    /// <summary>The variance of what the weights make of the features, summed over the outputs.</summary>
    public double Variance => Cross.PointwiseMultiply(_weights).Enumerate().Sum() - (_damping * _weights.Enumerate().Sum(w => w * w));

    /// <summary>(H + damping)·W.</summary>
    private Matrix<double> Cross => _cross ??= DenseProduct.Of(_covariance, _weights) + (_weights * _damping);

    /// <summary>The squared error, per sample, that removing the channel adds now.</summary>
    public double CostOf(int channel)
    {
        var first = _places[channel] * _taps;
        if (_taps == 1)
        {
            return Math.Max(0, _squares[first, first] / _inverse[first, first]);
        }

        var block = Matrix<double>.Build.Dense(_taps, _taps, (i, j) => _inverse[first + i, first + j]).Inverse();
        var cost = 0.0;
        for (var i = 0; i < _taps; i++)
        {
            cost += block[i, i] * _squares[first + i, first + i];
            for (var j = 0; j < i; j++)
            {
                cost += 2 * block[i, j] * _squares[first + i, first + j];
            }
        }

        return Math.Max(0, cost);
    }

    /// <summary>Removes channels, together, and lets the others make up for them. A few at a time cost little more than one.</summary>
    public void Remove(params ReadOnlySpan<int> channels)
    {
        if (channels.IsEmpty)
        {
            return;
        }

        var (count, size) = (channels.Length * _taps, _inverse.Size);
        var gone = new int[count];
        for (var i = 0; i < count; i++)
        {
            gone[i] = (_places[channels[i / _taps]] * _taps) + (i % _taps);
        }

        // With U = (H⁻¹_TT)⁻¹·H⁻¹_T, what stays changes by -Uᵀ·W_T, and with it H⁻¹ by -H⁻¹_Tᵀ·U, and S = W·Wᵀ by -Uᵀ·V - Vᵀ·U, where V =
        // S_T - S_TT·U / 2.
        var (rows, squares) = (_inverse.Rows(gone), _squares.Rows(gone));
        var block = Matrix<double>.Build.Dense(count, count, (i, j) => rows[(i * size) + gone[j]]).Inverse();
        var u = DenseProduct.Of(block.ToRowMajorArray(), rows, count, count, size);
        var half = new double[count * count];
        for (var i = 0; i < half.Length; i++)
        {
            half[i] = -0.5 * squares[(i / count * size) + gone[i % count]];
        }

        var v = DenseProduct.Of(half, u, count, count, size);
        TensorPrimitives.Add(v, squares, v);
        _inverse.Take(rows, u);
        _squares.Take([.. u, .. v], [.. v, .. u]);
        foreach (var channel in channels)
        {
            _places[channel] = -1;
        }

        if (_places.Count(p => p >= 0) * _taps < (1 - GonePart) * size)
        {
            Shrink();
        }
    }

    /// <summary>The weights [F, M] as they are now: zero for what was removed.</summary>
    public Matrix<double> Weights()
    {
        // Of the features that are left: W = H⁻¹·(H·W)
        var all = Channels * _taps;
        int[] features = [.. Enumerable.Range(0, all).Where(f => _places[f / _taps] >= 0)];
        int[] held = [.. features.Select(f => (_places[f / _taps] * _taps) + (f % _taps))];
        var inverse = _inverse.Select(held).ToArray();
        var (outputs, cross, given) = (_weights.ColumnCount, new double[_weights.ColumnCount * held.Length], Cross);
        var (whole, weights) = (DenseProduct.ByColumns(given), new double[all * outputs]);
        for (var m = 0; m < outputs; m++)
        {
            for (var i = 0; i < held.Length; i++)
            {
                cross[(m * held.Length) + i] = whole[(m * all) + features[i]];
            }
        }

        var product = DenseProduct.Of(cross, inverse, outputs, held.Length, held.Length);
        for (var m = 0; m < outputs; m++)
        {
            for (var i = 0; i < held.Length; i++)
            {
                weights[(m * all) + features[i]] = product[(m * held.Length) + i];
            }
        }

        return Matrix<double>.Build.Dense(all, outputs, weights);
    }

    private void Shrink()
    {
        int[] kept = [.. _places.Where(p => p >= 0).SelectMany(p => Enumerable.Range(p * _taps, _taps))];
        (_inverse, _squares) = (_inverse.Select(kept), _squares.Select(kept));
        var next = 0;
        for (var c = 0; c < _places.Length; c++)
        {
            _places[c] = _places[c] < 0 ? -1 : next++;
        }
    }

    // Features that are the same but for rounding can make the matrix indefinite: it is damped until it is not.
    private static (Matrix<double> Covariance, double Damping, SymmetricBlocks Inverse) Inverse(Matrix<double> covariance, double damping)
    {
        var count = covariance.RowCount;
        for (var scale = Math.Max(damping * covariance.Trace() / count, 1e-12); double.IsFinite(scale); scale *= 10)
        {
            var damped = covariance.Clone();
            for (var i = 0; i < count; i++)
            {
                damped[i, i] += scale;
            }

            if (CholeskyFactor.TryFactor(damped) is { } factor)
            {
                return (covariance, scale, new SymmetricBlocks(factor.Inverse()));
            }
        }

        // Statistics that are no numbers tell nothing: every feature counts by its weights alone.
        var identity = Matrix<double>.Build.DenseIdentity(count);
        return (identity, 0, new SymmetricBlocks(identity));
    }
}
