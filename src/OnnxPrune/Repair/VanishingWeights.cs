using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Repair;

/// <summary>
/// Weights that no sum in single precision notices, as training with a penalty on groups of channels leaves them behind. They are not harmless: multiplied with each other and with the
/// scales of a BatchNormalization they become subnormal numbers (IEEE 754: below 2^-126), with which many processors calculate a hundred times as slowly.
/// </summary>
public static class VanishingWeights
{
    // Far from the subnormal numbers, since what a layer makes of its weights is multiplied with others again.
    private const double Least = 1e-30;

    // Where all weights of a layer are small, they may matter after all.
    private const double LeastShare = 1e-20;

    private static readonly Dictionary<Node, int> s_noJoins = [];

    /// <summary>How many weights vanish.</summary>
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
        .Select(n => LayerUnit.Of(n, s_noJoins, constants))
        .OfType<LayerUnit>()
        .SelectMany(u => u.Norm == u.Layer ? OfNorm(u, constants) : OfLayer(u, constants))
        .OfType<Cleared>();

    /// <summary>Weights and biases, by what the BatchNormalization behind them multiplies them with.</summary>
    private static IEnumerable<Cleared?> OfLayer(LayerUnit unit, ConstantValues constants)
    {
        var weight = unit.Layer.Inputs[1]!;
        var outputs = unit.OutputCount(constants[weight]!);
        var scale = unit.Norm is null ? Enumerable.Repeat(1.0, outputs).ToArray() : unit.NormAsScaleAndShift(constants).Scale;
        var features = (int)(constants[weight]!.Count / outputs);
        double ScaleOf(int i) => scale[unit.OutputsFirst ? i / features : i % outputs];
        var least = Bound(Largest(constants[weight]!, ScaleOf));
        yield return Clear(weight, constants, least, ScaleOf);
        yield return unit.Bias is { } bias ? Clear(bias, constants, least, i => scale[i]) : null;
    }

    /// <summary>Scales and shifts of channels.</summary>
    private static IEnumerable<Cleared?> OfNorm(LayerUnit unit, ConstantValues constants)
    {
        var (scale, _) = unit.NormAsScaleAndShift(constants);
        var (gamma, beta, mean) = (unit.Norm!.Inputs[1]!, unit.Norm.Inputs[2]!, unit.Norm.Inputs[3]!);
        var factors = scale.Zip(constants[gamma]!.ToDoubles(), (s, g) => g == 0 ? 0 : s / g).ToArray();
        var least = Bound(Math.Max(Largest(constants[gamma]!, i => factors[i]), Largest(constants[beta]!, _ => 1)));
        yield return Clear(gamma, constants, least, i => factors[i]);
        yield return Clear(beta, constants, least, _ => 1);
        yield return Clear(mean, constants, least, i => scale[i]);
    }

    private static double Bound(double largest) => Math.Min(Least, LeastShare * largest);

    private static double Largest(Tensor tensor, Func<int, double> factor)
    {
        var values = Floats(tensor);
        var largest = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(values[i] * factor(i)));
        }

        return largest;
    }

    /// <summary>The constant with zeros for what lies below a bound once it is multiplied; null where nothing does.</summary>
    private static Cleared? Clear(Value constant, ConstantValues constants, double least, Func<int, double> factor)
    {
        var tensor = constants[constant]!;
        var values = Floats(tensor);
        float[]? cleared = null;
        var count = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != 0 && Math.Abs(values[i] * factor(i)) < least)
            {
                cleared ??= values.ToArray();
                cleared[i] = 0;
                count++;
            }
        }

        return cleared is null ? null : new Cleared(constant, Tensor.Of(cleared, [.. tensor.Dims]), count);
    }

    // Half precision has no numbers so small, and double precision is never near its own.
    private static ReadOnlySpan<float> Floats(Tensor tensor) => tensor.ElementType == ElementType.Float ? tensor.As<float>() : [];

    private sealed record Cleared(Value Constant, Tensor Content, int Vanishing);
}
