using OnnxPrune.Planning;
using OnnxPrune.Runtime.Accuracy;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The measurements that requests to one session share, since they do not depend on targets: the damage of single cuts, which takes long to
/// measure, the time of layers, and what the original answers.
/// </summary>
internal sealed class SharedMeasurements
{
    private readonly Dictionary<Key, CutCandidates> _damages = [];
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
        var key = new Key(
            network, request.CutsChannels, request.CutsBlocks, request.Rounding, request.Only?.ToString(), request.Exclude?.ToString());
        if (!_damages.TryGetValue(key, out var damages))
        {
            _damages[key] = damages = measure();
        }

        return damages;
    }

    /// <summary>The options that decide which cuts are measured, and how deep each goes.</summary>
    private sealed record Key(
        NetworkAnalysis Network, bool CutsChannels, bool CutsBlocks, Rounding Rounding, string? Only, string? Exclude);
}
