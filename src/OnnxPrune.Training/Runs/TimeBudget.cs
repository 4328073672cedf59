using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.Staircase;
using OnnxPrune.Training.Modules;

namespace OnnxPrune.Training.Runs;

/// <summary>
/// Targets of time in a training run. While gates and scales learn, the time of a network is what its layers took one by one; when the last parts are cut, networks are raced against
/// the original and the largest that is fast enough stays. Weights hardly matter to time, so that what holds then holds after the training, too.
/// </summary>
internal sealed class TimeBudget
{
    private const int MostTrials = 8;
    private const int MostCorrections = 5;

    // What a sprint finds must hold in the race that is reported, too.
    private const double Kept = 0.99;

    private readonly IReadOnlyList<TimeTarget> _targets;
    private readonly RaceTrack _track;

    /// <param name="targets">At least one.</param>
    /// <param name="track">With the network as it was before the training.</param>
    /// <param name="model">The structure that is trained, with shapes.</param>
    public TimeBudget(IReadOnlyList<TimeTarget> targets, RaceTrack track, Model model, CostShapes shapes)
    {
        (_targets, _track) = (targets, track);
        Layers = MeasuredTimes.Of(model, shapes, track.Settings, MeasuredTimes.Multiple(track.Settings));
        Share = Math.Min(1, 1 / targets.Max(t => t.Used(track.Sprint(BatchNormInsertion.Folded(model)).Racers[0])));
    }

    /// <summary>What the layers take one by one.</summary>
    public LayerTimes Layers { get; }

    /// <summary>The share of the original's time that the targets leave.</summary>
    public double Share { get; }

    /// <summary>The largest network that keeps the targets.</summary>
    /// <param name="fewest">The layers' time of the smallest network.</param>
    /// <param name="most">The layers' time that all of it takes.</param>
    /// <param name="cut">Makes the network of at most so much time, and says what it takes.</param>
    /// <exception cref="TargetOutOfReachException">Even the smallest is too slow.</exception>
    public Draft Largest(long fewest, long most, Func<long, Draft> cut)
    {
        var whole = cut(most);
        var used = Used(whole.Model);
        if (used > TimeBounds.Aim)
        {
            var smallest = cut(fewest);
            var bounds = new TimeBounds(fewest, most, Used(smallest.Model), used);
            if (bounds.UsedByFewest > 1)
            {
                throw new TargetOutOfReachException(
                    $"Target {string.Join(", ", _targets)} is out of reach: the smallest network that the options allow takes {100 * bounds.UsedByFewest:0} % of the time that is left.");
            }

            bounds = bounds.Narrow(MostTrials, time => cut(time) is var trial ? (Used(trial.Model), trial.Time) : default);
            whole = cut(bounds.Fewest);
            for (var i = 0; i < MostCorrections && whole.Time > fewest && Used(whole.Model, isFinal: true) is > Kept and var late; i++)
            {
                whole = cut(Math.Max(fewest, whole.Time - bounds.Excess(late)));
            }
        }

        return whole;
    }

    private double Used(Model model, bool isFinal = false)
    {
        var exported = BatchNormInsertion.Folded(model);
        return isFinal ? Of(_track.Race(exported).Racers[^1]) : _track.Sprint(exported, Of);

        double Of(RacerLatency racer) => _targets.Max(t => t.Used(racer.Quietly()));
    }
}

/// <summary>A network that was cut on trial.</summary>
/// <param name="Time">What its layers take; 0 where nobody measured them.</param>
internal sealed record Draft(PruningPlan Plan, Model Model, long Time);
