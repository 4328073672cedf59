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

    private readonly int _taps;
    private readonly int _features;
    private readonly int _outputs;
    private readonly double[] _inverse;
    private readonly double[] _weights;

    /// <param name="covariance">[F, F], per sample.</param>
    /// <param name="weights">[F, M].</param>
    /// <param name="taps">Features per channel, which lie side by side.</param>
    /// <param name="damping">What is added to the diagonal, as a share of its mean.</param>
    public BrainSurgeon(Matrix<double> covariance, Matrix<double> weights, int taps, double damping = 1e-2)
    {
        (_taps, _features, _outputs) = (taps, covariance.RowCount, weights.ColumnCount);
        _inverse = Inverse(covariance, damping).ToRowMajorArray();
        _weights = weights.ToRowMajorArray();
    }

    public int Channels => _features / _taps;

    /// <summary>The squared error, per sample, that removing the channel adds now.</summary>
    public double CostOf(int channel)
    {
        if (_taps == 1)
        {
            var row = _weights.AsSpan(channel * _outputs, _outputs);
            return TensorPrimitives.SumOfSquares<double>(row) / _inverse[(channel * _features) + channel];
        }

        var block = Block(channel).Inverse();
        var cost = 0.0;
        for (var i = 0; i < _taps; i++)
        {
            cost += block[i, i] * TensorPrimitives.SumOfSquares(Row(channel, i));
            for (var j = 0; j < i; j++)
            {
                cost += 2 * block[i, j] * TensorPrimitives.Dot(Row(channel, i), Row(channel, j));
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
            gone[i] = (channels[i / _taps] * _taps) + (i % _taps);
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

        foreach (var t in gone)
        {
            _weights.AsSpan(t * _outputs, _outputs).Clear();
            _inverse.AsSpan(t * _features, _features).Clear();
            for (var f = 0; f < _features; f++)
            {
                _inverse[(f * _features) + t] = 0;
            }
        }
    }

    /// <summary>The weights [F, M] as they are now: zero for what was removed.</summary>
    public Matrix<double> Weights() => Matrix<double>.Build.Dense(_features, _outputs, (f, m) => _weights[(f * _outputs) + m]);

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

    private Matrix<double> Block(int channel) => Matrix<double>.Build.Dense(_taps, _taps, (i, j) => _inverse[(((channel * _taps) + i) * _features) + (channel * _taps) + j]);

    private ReadOnlySpan<double> Row(int channel, int tap) => _weights.AsSpan(((channel * _taps) + tap) * _outputs, _outputs);
}
