using System.Numerics;
using System.Runtime.CompilerServices;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Rewriting;

/// <summary>
/// Weights that no sum in single precision notices, as training with a penalty on groups of channels leaves them behind. They are not
/// harmless: multiplied with each other and with the scales of a BatchNormalization they become subnormal numbers (IEEE 754: below 2^-126),
/// with which some processors calculate far more slowly.
/// </summary>
internal static class SubnormalWeights
{
    // Far from the subnormal numbers, since what a layer makes of its weights is multiplied with others again.
    private const double Least = 1e-30;

    // Where all weights of a layer are small, they may matter after all.
    private const double LeastShare = 1e-20;

    private static readonly Dictionary<Node, int> s_noJoins = [];

    /// <summary>The number of weights that vanish.</summary>
    public static long Count(Model model) => Find(model, new ConstantValues()).Sum(c => (long)c.Vanishing);

    /// <summary>Makes them zeros, in place. What the network computes stays the same but for what its sums round away.</summary>
    /// <returns>How many there were.</returns>
    public static long Clear(Model model)
    {
        var constants = new ConstantValues();
        var found = Find(model, constants).ToArray();
        foreach (var (value, content, _) in found)
        {
            ConstantReplacement.Replace(model.Graph, value, content, value.Uses);
            constants.Forget(value);
        }

        return found.Sum(c => (long)c.Vanishing);
    }

    private static IEnumerable<Cleared> Find(Model model, ConstantValues constants) => model.Graph.TopologicalOrder()
        .Select(n => AffineLayer.Of(n, s_noJoins, constants))
        .OfType<AffineLayer>()
        .SelectMany(u => u.Norm == u.Layer ? OfNorm(u, constants) : OfLayer(u, constants));

    /// <summary>Weights and biases, by what the BatchNormalization behind them multiplies them with.</summary>
    private static IEnumerable<Cleared> OfLayer(AffineLayer unit, ConstantValues constants)
    {
        var weight = unit.Layer.Inputs[1]!;
        var scale = unit.Norm is null ? [1] : unit.NormAsScaleAndShift(constants).Scale;
        var features = constants[weight]!.Count / unit.OutputCount(constants);
        var weights = new Scaled(weight, constants, scale, unit.OutputsFirst ? (int)features : 1);
        return Below(unit.Bias is { } bias ? [weights, new Scaled(bias, constants, scale, 1)] : [weights]);
    }

    /// <summary>Scales, shifts and means of channels.</summary>
    private static IEnumerable<Cleared> OfNorm(AffineLayer unit, ConstantValues constants)
    {
        var norm = unit.Norm!.Inputs;
        var scale = unit.NormAsScaleAndShift(constants).Scale;
        var deviations = scale.Zip(constants[norm[1]]!.ToDoubles(), (s, g) => g == 0 ? 0 : s / g).ToArray();
        var scales = new Scaled(norm[1]!, constants, deviations, 1);
        return Below([scales, new Scaled(norm[2]!, constants, [1], 1), new Scaled(norm[3]!, constants, scale, 1)]);
    }

    /// <summary>The bound below which weights vanish beside the largest element of the first.</summary>
    private static IEnumerable<Cleared> Below(IReadOnlyList<Scaled> all)
    {
        var ranges = all.Select(s => (Scaled: s, Range: s.Range())).ToArray();
        var least = Math.Min(Least, LeastShare * ranges[0].Range.Largest);
        return ranges.Where(r => r.Range.Smallest < least).Select(r => r.Scaled.Without(least));
    }

    private sealed record Cleared(Value Constant, Tensor Content, int Vanishing);

    /// <summary>
    /// A constant whose elements are multiplied: so many that follow each other with one factor, as many with the next, and from the first
    /// again.
    /// </summary>
    private sealed class Scaled(Value constant, ConstantValues constants, double[] factors, int run)
    {
        private readonly Tensor _tensor = constants[constant]!;

        // One factor for all needs no runs.
        private int Run => factors.Length == 1 ? Math.Max(1, (int)_tensor.Count) : run;

        // Half precision has no numbers so small, and double precision is far from its own.
        private ReadOnlySpan<float> Values => _tensor.ElementType == ElementType.Float ? _tensor.As<float>() : [];

        /// <summary>
        /// The largest and the smallest magnitude, zeros aside: what is multiplied with zero is dead, and no matter of precision.
        /// </summary>
        public (double Largest, double Smallest) Range()
        {
            var values = Values;
            var (largest, smallest) = (0.0, double.PositiveInfinity);
            for (var at = 0; at < values.Length; at += Run)
            {
                var factor = FactorAt(at);
                var (high, low) = Extremes(values.Slice(at, Run));
                largest = Math.Max(largest, high * factor);
                smallest = factor > 0 ? Math.Min(smallest, low * factor) : smallest;
            }

            return (largest, smallest);
        }

        /// <summary>The same with zeros for what lies below a bound.</summary>
        public Cleared Without(double least)
        {
            var values = Values.ToArray();
            var count = 0;
            for (var i = 0; i < values.Length; i++)
            {
                if (Math.Abs(values[i]) * FactorAt(i) is > 0 and var size && size < least)
                {
                    values[i] = 0;
                    count++;
                }
            }

            return new Cleared(constant, Tensor.Of(values, [.. _tensor.Dims]), count);
        }

        private double FactorAt(int i) => Math.Abs(factors[i / Run % factors.Length]);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static (float High, float Low) Extremes(ReadOnlySpan<float> values)
        {
            var (highest, lowest) = (Vector<float>.Zero, new Vector<float>(float.PositiveInfinity));
            var i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                var sizes = Vector.Abs(new Vector<float>(values[i..]));
                highest = Vector.ConditionalSelect(Vector.GreaterThan(sizes, highest), sizes, highest);
                var isLower = Vector.LessThan(sizes, lowest) & Vector.GreaterThan(sizes, Vector<float>.Zero);
                lowest = Vector.ConditionalSelect(isLower, sizes, lowest);
            }

            var (high, low) = (0f, float.PositiveInfinity);
            for (var k = 0; k < Vector<float>.Count; k++)
            {
                (high, low) = (Math.Max(high, highest[k]), Math.Min(low, lowest[k]));
            }

            for (; i < values.Length; i++)
            {
                var size = Math.Abs(values[i]);
                high = size > high ? size : high;
                low = size < low && size > 0 ? size : low;
            }

            return (high, low);
        }
    }
}
