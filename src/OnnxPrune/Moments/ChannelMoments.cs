using System.Numerics.Tensors;
using OnnxPrune.Algebra;
using OnnxPrune.Graphs;

namespace OnnxPrune.Moments;

/// <summary>Mean and variance of one channel over samples and positions.</summary>
/// <param name="IsConstant">The channel has the same value everywhere, whatever is fed: a fact, not an estimate.</param>
internal readonly record struct Moment(double Mean, double Variance, bool IsConstant = false)
{
    public static Moment Constant(double value) => new(value, 0, true);

    /// <summary>
    /// The moments of f(x) for a Gaussian x, by numerical integration: for Relu the closed form of the rectified Gaussian to
    /// about three digits, for any other activation alike.
    /// </summary>
    public Moment Through(Func<double, double> f)
    {
        if (IsConstant)
        {
            return Constant(f(Mean));
        }

        Span<double> values = stackalloc double[NormalQuadrature.Count];
        NormalQuadrature.Evaluate(f, Mean, Math.Sqrt(Variance), values);
        var mean = TensorPrimitives.Dot<double>(NormalQuadrature.Weights, values);
        var square = DenseKernels.WeightedSquares(NormalQuadrature.Weights, values);
        return new Moment(mean, Math.Max(0, square - (mean * mean)));
    }
}

/// <summary>The moments of a value's channels along one axis; null for channels of which nothing is known.</summary>
internal sealed class ChannelMoments
{
    private readonly Moment?[] _channels;

    private ChannelMoments(int axis, Moment?[] channels) => (Axis, _channels) = (axis, channels);

    public int Axis { get; }

    /// <summary>The normal variables that the channels are functions of; null where that is not known.</summary>
    public NormalSource? Source { get; private init; }

    public int Count => _channels.Length;

    public Moment? this[int channel] => _channels[channel];

    /// <summary>True if every channel is known to be constant.</summary>
    public bool IsConstant => Array.TrueForAll(_channels, m => m is { IsConstant: true });

    public static ChannelMoments Of(int axis, int count, Func<int, Moment?> moment) =>
        new(axis, [.. Enumerable.Range(0, count).Select(moment)]);

    public ChannelMoments Through(Func<double, double> f) =>
        new(Axis, Array.ConvertAll(_channels, m => m?.Through(f))) { Source = Source?.Then(f) };

    /// <summary>The same as what a BatchNormalization gives.</summary>
    public ChannelMoments From(Node norm) => new(Axis, _channels) { Source = new NormalSource(norm, this, x => x) };

    /// <summary>The same of a copy of the graph.</summary>
    internal ChannelMoments CopyTo(CopyMap copyOf) =>
        new(Axis, _channels) { Source = Source is { } source ? source with { Norm = copyOf[source.Norm] } : null };

    /// <summary>Only what is certain whatever the distribution.</summary>
    public ChannelMoments OnlyConstants() => new(Axis, Array.ConvertAll(_channels, m => m is { IsConstant: true } ? m : null));

    /// <summary>A sum or difference, channel by channel, of independent values.</summary>
    public ChannelMoments? Combine(ChannelMoments other, Func<double, double, double> sum) =>
        other.Count != Count ? null : new(Axis, [.. _channels.Select((m, i) =>
        m is { } a && other[i] is { } b
            ? new Moment(sum(a.Mean, b.Mean), a.Variance + b.Variance, a.IsConstant && b.IsConstant)
            : (Moment?)null)]);
}
