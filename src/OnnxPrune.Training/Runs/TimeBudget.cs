using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Torch.Modules;

namespace OnnxPrune.Training.Runs;

/// <summary>
/// Targets of time in a training run. While gates and scales learn, the time of a network is what its layers took one by one; when the last
/// parts are cut, networks are raced against the original and the largest that is fast enough stays. Weights hardly matter to time, so that
/// what holds then holds after the training, too.
/// </summary>
internal sealed class TimeBudget
{
    private readonly IReadOnlyList<TimeTarget> _targets;
    private readonly PairedBenchmark _track;

    /// <param name="targets">At least one.</param>
    /// <param name="track">With the network as it was before the training.</param>
    /// <param name="model">The structure that is trained, with shapes.</param>
    public TimeBudget(IReadOnlyList<TimeTarget> targets, PairedBenchmark track, Model model, CostShapes shapes)
    {
        (_targets, _track) = (targets, track);
        Layers = MeasuredTimes.Of(model, shapes, track.Settings, MeasuredTimes.Multiple(track.Settings));
        Share = Math.Min(1, 1 / targets.Max(t => t.Used(track.Race(BatchNormInsertion.Folded(model), PairedBenchmark.Short).Racers[0])));
    }

    /// <summary>The times of the layers one by one.</summary>
    public LayerTimes Layers { get; }

    /// <summary>The share of the original's time that the targets leave.</summary>
    public double Share { get; }

    /// <summary>The largest network that keeps the targets.</summary>
    /// <param name="fewest">The layers' time of the smallest network.</param>
    /// <param name="most">The layers' time that all of it takes.</param>
    /// <param name="cut">Makes the network of at most so much time, and says what it takes.</param>
    /// <exception cref="TargetOutOfReachException">Even the smallest is too slow.</exception>
    public Draft Largest(long fewest, long most, Func<long, Draft> cut) =>
        new TimeSearch<Draft>(_targets, new Candidates(fewest, most, cut), _track.Race).Find().Found.Network;

    /// <summary>A draft is what is kept: nothing is repaired here.</summary>
    private sealed class Candidates(long fewest, long most, Func<long, Draft> cut) : ICandidates<Draft>
    {
        public long Smallest => fewest;

        public bool IncludesOriginal => true;

        public Candidate<Draft> Draft(long? limit)
        {
            var draft = cut(limit ?? most);
            return new Candidate<Draft>(draft, BatchNormInsertion.Folded(draft.Model), draft.Time);
        }

        public Candidate<Draft> Final(long? limit) => Draft(limit);
    }
}

/// <summary>A network that was cut on trial.</summary>
/// <param name="Time">What its layers take; 0 where nobody measured them.</param>
internal sealed record Draft(PruningPlan Plan, Model Model, long Time);
