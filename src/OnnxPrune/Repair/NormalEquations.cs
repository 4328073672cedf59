using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Repair;

/// <summary>
/// The sums that a linear regression from features a [F] to targets t [M] needs, over any number of samples: memory does not grow with
/// them. Kept in double precision.
/// </summary>
internal sealed class NormalEquations(int features, int targets)
{
    private readonly double[] _gram = new double[features * features];

    // [M, F]: what belongs to one target lies side by side.
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
    /// <param name="cross">Σ t·aᵀ [M, F].</param>
    public void Add(
        ReadOnlySpan<float> gram,
        ReadOnlySpan<float> cross,
        ReadOnlySpan<float> featureSum,
        ReadOnlySpan<float> targetSum,
        double targetSquares,
        long samples)
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
        TensorPrimitives.Add(_gram, other._gram, _gram);
        TensorPrimitives.Add(_cross, other._cross, _cross);
        TensorPrimitives.Add(_featureSum, other._featureSum, _featureSum);
        TensorPrimitives.Add(_targetSum, other._targetSum, _targetSum);
        TargetSquares += other.TargetSquares;
        Samples += other.Samples;
        (_covariance, _crossCovariance) = (null, null);
    }

    /// <summary>The same sums over some of the features.</summary>
    public NormalEquations Select(int[] features)
    {
        var part = new NormalEquations(features.Length, Targets) { Samples = Samples, TargetSquares = TargetSquares };
        _targetSum.CopyTo(part._targetSum, 0);
        for (var i = 0; i < features.Length; i++)
        {
            part._featureSum[i] = _featureSum[features[i]];
            Choose(_gram.AsSpan(features[i] * Features, Features), part._gram.AsSpan(i * features.Length, features.Length));
        }

        for (var m = 0; m < Targets; m++)
        {
            Choose(_cross.AsSpan(m * Features, Features), part._cross.AsSpan(m * features.Length, features.Length));
        }

        return part;

        void Choose(ReadOnlySpan<double> from, Span<double> to)
        {
            for (var j = 0; j < to.Length; j++)
            {
                to[j] = from[features[j]];
            }
        }
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
        var columns = DenseProduct.ByColumns(weights);
        for (var m = 0; m < Targets; m++)
        {
            result[m] = (_targetSum[m] - TensorPrimitives.Dot(Of(columns, m), _featureSum)) / Samples;
        }

        return result;
    }

    /// <summary>Σ ‖t − Wᵀa − b‖², from the sums alone.</summary>
    public double SquaredError(Matrix<double> weights, double[] intercept)
    {
        var error = TargetSquares;
        var columns = DenseProduct.ByColumns(weights);
        var product = DenseProduct.Of(columns, _gram, Targets, Features, Features);
        for (var m = 0; m < Targets; m++)
        {
            var column = Of(columns, m);
            error += (Samples * intercept[m] * intercept[m]) - (2 * intercept[m] * _targetSum[m]);
            error += TensorPrimitives.Dot(column, Of(product, m))
                - (2 * TensorPrimitives.Dot(column, Of(_cross, m)))
                + (2 * intercept[m] * TensorPrimitives.Dot(column, _featureSum));
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

    /// <summary>Σ a·bᵀ [F, B] minus its part that the means make.</summary>
    /// <param name="products">[B, F].</param>
    /// <param name="sums">Σ b.</param>
    private Matrix<double> Centered(double[] products, double[] sums)
    {
        var centered = new double[products.Length];
        for (var j = 0; j < sums.Length; j++)
        {
            TensorPrimitives.MultiplyAdd(_featureSum, -sums[j] / Samples, Of(products, j), centered.AsSpan(j * Features, Features));
        }

        return Matrix<double>.Build.Dense(Features, sums.Length, centered);
    }

    /// <summary>The part of one target.</summary>
    private ReadOnlySpan<double> Of(double[] byTargets, int target) => byTargets.AsSpan(target * Features, Features);
}
