using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Importance;

/// <summary>
/// Optimal brain surgeon for whole input channels of a layer (Hassibi and Stork 1993; for structures: Kurtic et al., ZipLM, 2023):
/// what removing a channel costs when the weights of those that stay make up for it as well as they can, and these weights.
/// </summary>
/// <remarks>
/// With features' covariance H [F, F] and weights W [F, M], removing the features T of a channel adds
/// tr(W_Tᵀ (H⁻¹_TT)⁻¹ W_T) to the squared error; W and H⁻¹ are updated after each removal.
/// </remarks>
public sealed class BrainSurgeon
{
    private const int RowsAtOnce = 64;

    // When so large a part of the features is gone, what is left of them moves together: later removals have less to go through.
    private const double GonePart = 0.2;

    private readonly int _taps;
    private readonly int _outputs;

    // Where a channel's features are among those that are held, counted in channels; -1 when they are gone.
    private readonly int[] _places;
    private int _features;
    private double[] _inverse;
    private double[] _weights;

    /// <param name="covariance">[F, F], per sample.</param>
    /// <param name="weights">[F, M].</param>
    /// <param name="taps">Features per channel, which lie side by side.</param>
    /// <param name="damping">What is added to the diagonal, as a share of its mean.</param>
    public BrainSurgeon(Matrix<double> covariance, Matrix<double> weights, int taps, double damping = 1e-2)
    {
        (_taps, _features, _outputs) = (taps, covariance.RowCount, weights.ColumnCount);
        _inverse = Inverse(covariance, damping).ToRowMajorArray();
        _weights = weights.ToRowMajorArray();
        _places = [.. Enumerable.Range(0, _features / taps)];
    }

    public int Channels => _places.Length;

    /// <summary>The squared error, per sample, that removing the channel adds now.</summary>
    public double CostOf(int channel)
    {
        var place = _places[channel];
        if (_taps == 1)
        {
            return TensorPrimitives.SumOfSquares(Row(place, 0)) / _inverse[(place * _features) + place];
        }

        var block = Block(place).Inverse();
        var cost = 0.0;
        for (var i = 0; i < _taps; i++)
        {
            cost += block[i, i] * TensorPrimitives.SumOfSquares(Row(place, i));
            for (var j = 0; j < i; j++)
            {
                cost += 2 * block[i, j] * TensorPrimitives.Dot(Row(place, i), Row(place, j));
            }
        }

        return cost;
    }

    /// <summary>Removes channels, together, and lets the others make up for them. A few at a time cost little more than one.</summary>
    public void Remove(params ReadOnlySpan<int> channels)
    {
        if (channels.IsEmpty)
        {
            return;
        }

        var gone = new int[channels.Length * _taps];
        for (var i = 0; i < gone.Length; i++)
        {
            gone[i] = (_places[channels[i / _taps]] * _taps) + (i % _taps);
        }

        var block = Matrix<double>.Build.Dense(gone.Length, gone.Length, (i, j) => _inverse[(gone[i] * _features) + gone[j]]).Inverse();
        var change = (block * Matrix<double>.Build.Dense(gone.Length, _outputs, (t, m) => _weights[(gone[t] * _outputs) + m])).ToRowMajorArray();
        var row = (block * Matrix<double>.Build.Dense(gone.Length, _features, (t, f) => _inverse[(gone[t] * _features) + f])).ToRowMajorArray();
        var column = new double[_features * gone.Length];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = _inverse[(i / gone.Length * _features) + gone[i % gone.Length]];
        }

        Parallel.For(0, (_features + RowsAtOnce - 1) / RowsAtOnce, part =>
        {
            var (first, count) = (part * RowsAtOnce, Math.Min(RowsAtOnce, _features - (part * RowsAtOnce)));
            Take(change, _outputs, _weights);
            Take(row, _features, _inverse);

            void Take(double[] rows, int width, double[] from) => DenseKernels.AddProduct(
                new DenseBlock(column.AsSpan(first * gone.Length), gone.Length),
                new DenseBlock(rows, width),
                new DenseBlock(from.AsSpan(first * width), width),
                count,
                gone.Length,
                width,
                isTaken: true);
        });

        foreach (var channel in channels)
        {
            _places[channel] = -1;
        }

        if (_places.Count(p => p >= 0) * _taps < (1 - GonePart) * _features)
        {
            Shrink();
        }
    }

    /// <summary>The weights [F, M] as they are now: zero for what was removed.</summary>
    public Matrix<double> Weights() => Matrix<double>.Build.Dense(
        Channels * _taps, _outputs, (f, m) => _places[f / _taps] is >= 0 and var place ? _weights[(((place * _taps) + (f % _taps)) * _outputs) + m] : 0);

    private void Shrink()
    {
        int[] kept = [.. _places.Where(p => p >= 0).SelectMany(p => Enumerable.Range(p * _taps, _taps))];
        var (inverse, weights) = (new double[kept.Length * kept.Length], new double[kept.Length * _outputs]);
        for (var i = 0; i < kept.Length; i++)
        {
            _weights.AsSpan(kept[i] * _outputs, _outputs).CopyTo(weights.AsSpan(i * _outputs));
            for (var j = 0; j < kept.Length; j++)
            {
                inverse[(i * kept.Length) + j] = _inverse[(kept[i] * _features) + kept[j]];
            }
        }

        var next = 0;
        for (var c = 0; c < _places.Length; c++)
        {
            _places[c] = _places[c] < 0 ? -1 : next++;
        }

        (_inverse, _weights, _features) = (inverse, weights, kept.Length);
    }

    // Features that are the same but for rounding can make the matrix indefinite: it is damped until it is not.
    private static Matrix<double> Inverse(Matrix<double> covariance, double damping)
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
                return factor.Inverse();
            }
        }

        // Statistics that are no numbers tell nothing: every feature counts by its weights alone.
        return Matrix<double>.Build.DenseIdentity(count);
    }

    private Matrix<double> Block(int place) => Matrix<double>.Build.Dense(_taps, _taps, (i, j) => _inverse[(((place * _taps) + i) * _features) + (place * _taps) + j]);

    private ReadOnlySpan<double> Row(int place, int tap) => _weights.AsSpan(((place * _taps) + tap) * _outputs, _outputs);
}
