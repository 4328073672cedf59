using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Latency;

/// <summary>A network that a search may end with.</summary>
/// <param name="Network">What the caller wants of it in the end.</param>
/// <param name="Model">What is raced.</param>
/// <param name="Time">What its layers take one by one, in picoseconds; see <see cref="Planning.Cost.Time"/>.</param>
internal sealed record Candidate<T>(T Network, Model Model, long Time);

/// <summary>The networks that a search chooses from, each by the time of its layers.</summary>
internal interface ICandidates<T>
{
    /// <summary>The layers' time of the smallest network.</summary>
    long Smallest { get; }

    /// <summary>True if the original is one of them: no other target forbids it.</summary>
    bool IncludesOriginal { get; }

    /// <summary>A network to race, whose weights nobody repaired: time hardly depends on what they hold.</summary>
    /// <param name="most">What its layers may take; null for the largest that there is.</param>
    Candidate<T> Draft(long? most);

    /// <summary>The same network as it would be kept. Repairing takes long.</summary>
    Candidate<T> Final(long? most);
}
