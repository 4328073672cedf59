using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>The networks that targets of time choose from, with integers: what is raced is what would be written.</summary>
/// <param name="floats">The same networks with floats, by the time that their layers take in integers.</param>
internal sealed class IntegerCandidates(ICandidates<PruningResult> floats, IntegerStep integers) : ICandidates<PruningResult>
{
    public long Smallest => floats.Smallest;

    public bool IncludesOriginal => floats.IncludesOriginal;

    public Candidate<PruningResult> Draft(long? most)
    {
        var draft = floats.Draft(most);
        return draft with { Model = integers.WithAnyRanges(draft.Model) };
    }

    public Candidate<PruningResult> Final(long? most)
    {
        var final = floats.Final(most);
        var quantized = integers.Apply(final.Network);
        return final with { Network = quantized, Model = quantized.Model };
    }
}
