using OnnxPrune.Graphs;

namespace OnnxPrune.Moments;

/// <summary>Channels that are, one by one, the same function of what a BatchNormalization gives.</summary>
/// <param name="Moments">Of what it gives.</param>
/// <param name="Function">From one channel of it to one of these.</param>
internal sealed record NormalSource(Node Norm, ChannelMoments Moments, Func<double, double> Function)
{
    /// <summary>With a function behind it.</summary>
    public NormalSource Then(Func<double, double> f) => this with { Function = x => f(Function(x)) };

    /// <summary>A channel as a function of a standard normal variable; null where its moments are not known.</summary>
    public HermiteExpansion? Of(int channel) =>
        Moments[channel] is { } z ? new HermiteExpansion(Function, z.Mean, Math.Sqrt(z.Variance)) : null;
}
