using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Repair;

/// <summary>
/// The sums that a linear regression from features a [F] to targets t [M] needs, over any number of samples: memory does not grow with
/// them. Kept in double precision.
/// </summary>
public sealed class NormalEquations(int features, int targets)
{
    private readonly double[] _gram = new double[features * features];
    private readonly double[] _cross = new double[features * targets];
    private readonly double[] _featureSum = new double[features];
    private readonly double[] _targetSum = new double[targets];

    // Asked for once per strength of a regression.
    private Matrix<double>? _covariance;
    private Matrix<double>? _crossCovariance;

    public int Features { get; } = features;

    public int Targets { get; } = targets;

    public long Samples { get; private set; }

    /// <summary>Σ ‖t‖².</summary>
    public double TargetSquares { get; private set; }

    /// <summary>Adds the sums of one batch.</summary>
    /// <param name="gram">Σ a·aᵀ [F, F].</param>
    /// <param name="cross">Σ a·tᵀ [F, M].</param>
    public void Add(ReadOnlySpan<float> gram, ReadOnlySpan<float> cross, ReadOnlySpan<float> featureSum, ReadOnlySpan<float> targetSum, double targetSquares, long samples)
    {
        DenseKernels.Accumulate(_gram, gram);
        DenseKernels.Accumulate(_cross, cross);
        DenseKernels.Accumulate(_featureSum, featureSum);
        DenseKernels.Accumulate(_targetSum, targetSum);
        TargetSquares += targetSquares;
        Samples += samples;
        (_covariance, _crossCovariance) = (null, null);
    }

    public void Add(NormalEquations other)
    {
        for (var i = 0; i < _gram.Length; i++)
        {
            _gram[i] += other._gram[i];
        }

        for (var i = 0; i < _cross.Length; i++)
        {
            _cross[i] += other._cross[i];
        }

        for (var i = 0; i < _featureSum.Length; i++)
        {
            _featureSum[i] += other._featureSum[i];
        }

        for (var i = 0; i < _targetSum.Length; i++)
        {
            _targetSum[i] += other._targetSum[i];
        }

        TargetSquares += other.TargetSquares;
        Samples += other.Samples;
        (_covariance, _crossCovariance) = (null, null);
    }

    /// <summary>The same sums over some of the features.</summary>
    public NormalEquations Select(IReadOnlyList<int> features)
    {
        var part = new NormalEquations(features.Count, Targets) { Samples = Samples, TargetSquares = TargetSquares };
        _targetSum.CopyTo(part._targetSum, 0);
        for (var i = 0; i < features.Count; i++)
        {
            part._featureSum[i] = _featureSum[features[i]];
            Array.Copy(_cross, features[i] * Targets, part._cross, i * Targets, Targets);
            for (var j = 0; j < features.Count; j++)
            {
                part._gram[(i * features.Count) + j] = _gram[(features[i] * Features) + features[j]];
            }
        }

        return part;
    }

    /// <summary>The covariance of the features, times the number of samples: Σ (a − ā)(a − ā)ᵀ [F, F]. Not to be written to.</summary>
    public Matrix<double> Covariance() => _covariance ??= Centered(_gram, _featureSum);

    /// <summary>ā [F].</summary>
    public double[] FeatureMean() => Array.ConvertAll(_featureSum, s => s / Samples);

    /// <summary>Σ (a − ā)(t − t̄)ᵀ [F, M]. Not to be written to.</summary>
    public Matrix<double> CrossCovariance() => _crossCovariance ??= Centered(_cross, _targetSum);

    /// <summary>The intercept that makes the mean error zero for these weights [F, M].</summary>
    public double[] Intercept(Matrix<double> weights)
    {
        var result = new double[Targets];
        for (var m = 0; m < Targets; m++)
        {
            var sum = _targetSum[m];
            for (var f = 0; f < Features; f++)
            {
                sum -= _featureSum[f] * weights[f, m];
            }

            result[m] = sum / Samples;
        }

        return result;
    }

    /// <summary>Σ ‖t − Wᵀa − b‖², from the sums alone.</summary>
    public double SquaredError(Matrix<double> weights, double[] intercept)
    {
        var error = TargetSquares;
        var rows = weights.ToRowMajorArray();
        var product = DenseProduct.Of(_gram, rows, Features, Features, Targets);
        for (var m = 0; m < Targets; m++)
        {
            error += (Samples * intercept[m] * intercept[m]) - (2 * intercept[m] * _targetSum[m]);
            for (var f = 0; f < Features; f++)
            {
                var w = rows[(f * Targets) + m];
                error += w * (product[(f * Targets) + m] - (2 * _cross[(f * Targets) + m]) + (2 * intercept[m] * _featureSum[f]));
            }
        }

        return error;
    }

    /// <summary>Σ ‖t − t̄‖².</summary>
    public double TargetVariation()
    {
        var variation = TargetSquares;
        foreach (var sum in _targetSum)
        {
            variation -= sum * sum / Samples;
        }

        return variation;
    }

    /// <summary>Σ a·bᵀ minus its part that the means make, given as rows.</summary>
    private Matrix<double> Centered(double[] products, double[] sums)
    {
        var centered = new double[products.Length];
        for (var i = 0; i < Features; i++)
        {
            for (var j = 0; j < sums.Length; j++)
            {
                centered[(i * sums.Length) + j] = products[(i * sums.Length) + j] - (_featureSum[i] * sums[j] / Samples);
            }
        }

        return Matrix<double>.Build.DenseOfRowMajor(Features, sums.Length, centered);
    }
}
