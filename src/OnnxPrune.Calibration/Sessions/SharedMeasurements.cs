using OnnxPrune.Planning;
using OnnxPrune.Runtime.Accuracy;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The measurements that requests to one session share: the damage of single cuts, which takes long to measure, the weight of blocks, the
/// time of layers, and what the original answers.
/// </summary>
internal sealed class SharedMeasurements
{
    private readonly Dictionary<Key, CutCandidates> _damages = [];
    private readonly Dictionary<(Key, string Targets), CutCandidates> _weighed = [];
    private readonly Dictionary<bool, NetworkAnalysis> _timed = [];

    /// <summary>The original's answers to the labelled data.</summary>
    public RecordedAnswers Answers { get; } = new();

    /// <summary>The network with the times of its layers.</summary>
    /// <param name="inIntegers">Whether they compute with integers.</param>
    public NetworkAnalysis Timed(bool inIntegers, Func<NetworkAnalysis> measure)
    {
        if (!_timed.TryGetValue(inIntegers, out var network))
        {
            _timed[inIntegers] = network = measure();
        }

        return network;
    }

    /// <param name="measure">Called where nobody has asked for these cuts of this network before.</param>
    public CutCandidates Damages(NetworkAnalysis network, PruneRequest request, Func<CutCandidates> measure)
    {
        var key = KeyOf(network, request);
        if (!_damages.TryGetValue(key, out var damages))
        {
            _damages[key] = damages = measure();
        }

        return damages;
    }

    /// <summary>The same with the weight of blocks for targets.</summary>
    /// <param name="weigh">Called where nobody has asked for such targets before.</param>
    public CutCandidates Weighed(
        NetworkAnalysis network, PruneRequest request, IReadOnlyList<Target> targets, Func<CutCandidates> weigh)
    {
        var key = (KeyOf(network, request), string.Join(' ', targets.Select(t => $"{t.Kind}:{t.Limit(network.Cost)}")));
        if (!_weighed.TryGetValue(key, out var weighed))
        {
            _weighed[key] = weighed = weigh();
        }

        return weighed;
    }

    private static Key KeyOf(NetworkAnalysis network, PruneRequest request) => new(
        network, request.CutsChannels, request.CutsBlocks, request.Rounding, request.Only?.ToString(), request.Exclude?.ToString());

    /// <summary>The options that decide which cuts are measured, and how deep each goes.</summary>
    private sealed record Key(
        NetworkAnalysis Network, bool CutsChannels, bool CutsBlocks, Rounding Rounding, string? Only, string? Exclude);
}
