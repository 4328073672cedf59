using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// Decides what decides how much goes, in this order: a plan, targets, a drift limit, the model's own masks, dead weight, the default
/// limit.
/// </summary>
/// <param name="masks">The plan that the original's metadata carry; null for none.</param>
/// <param name="multiple">The multiple of channels to keep.</param>
/// <param name="shared">What earlier requests to the session have measured.</param>
/// <param name="integers">What targets of time are met with; null for floats.</param>
internal sealed class PruningDecider(
    LoadedModel loaded, string? masks, NetworkAnalysis network, PruningOptions options, MeasureOptions measure, int multiple,
    SharedMeasurements shared, IRunObserver observer, IntegerStep? integers)
{
    // Plans list indices: those of millions of channels take less.
    private const long MostPlanBytes = 64 << 20;

    private const int MostReasons = 5;
    private const string KeepsTarget = "the model keeps the target as it is";

    private readonly NetworkAnalysis _network = network;

    // Asking for no repair asks for the plain cut, and calibration inputs then only measure drift.
    private readonly CalibratedPruner? _calibrated =
        measure.Calib is not null && options.AbsorbMeans ? new CalibratedPruner(loaded, network, options, measure, shared, observer) : null;

    private string TargetRule => $"the target{(options.Targets.Count > 1 ? "s" : "")} {options.Targets}";

    /// <summary>Prunes a copy of the model.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    /// <exception cref="UsageException">The plan does not fit the model.</exception>
    public PruningResult Cut()
    {
        try
        {
            var result = CutAsAsked();
            return result with { Sensitivity = _calibrated?.Sensitivity };
        }
        catch (TargetOutOfReachException e) when (WaysOut(e) is { Length: > 0 } advice)
        {
            throw e.With(advice);
        }
    }

    private PruningResult CutAsAsked()
    {
        if (options.Plan is { } path)
        {
            return Apply(
                PruningPlan.FromJson(InputFile.ReadAllText(path, MostPlanBytes), $"'{path}'"), $"the plan '{path}'", "the plan is empty");
        }

        if (masks is not null && !options.HasTargets && !options.HasLimits)
        {
            return Apply(
                PruningPlan.FromJson(masks, $"The metadata '{PruningPlan.MetadataKey}' of '{loaded.Path}'"),
                "the masks that the model carries",
                "its masks are empty");
        }

        if (masks is not null)
        {
            observer.Note("the model carries masks, which were set aside for the target.");
        }

        var request = options.ToRequest(multiple, measure);
        if (!options.HasTargets)
        {
            return Freely(request);
        }

        _network.CheckCounts(options.Targets.Costs);
        if (WhyFixed(request) is { } reason)
        {
            SayWhyFixed(reason);
        }

        if (options.Targets.Sizes.Count == 0)
        {
            return Finished(request, TargetRule);
        }

        return new SizeTargetSearch(loaded, options, _network.Cost, observer).Find(
            () => Smallest(request).Bytes,
            weights => Draft(request, [.. request.Targets, weights], TargetRule),
            weights => Finished(request with { Targets = [.. request.Targets, weights] }, TargetRule));
    }

    /// <summary>The plan that keeps the targets of cost.</summary>
    /// <exception cref="UsageException">The request asks for more than such targets.</exception>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public PruningPlan Plan()
    {
        if (options.Targets.Costs.Count < options.Targets.Count || options.HasLimits || options.Plan is not null)
        {
            throw new UsageException(
                "A plan alone keeps targets of MACs, parameters and channels; time, size and loss are kept by pruning.");
        }

        _network.CheckCounts(options.Targets.Costs);
        var request = options.ToRequest(multiple, measure);
        _calibrated?.Weigh(request, request.Targets);
        return Draft(request, request.Targets, TargetRule).Outcome.Plan;
    }

    /// <summary>The damage of a plan after a rough repair; null where nothing is repaired, or where that takes too long.</summary>
    public double? Rehearse(PruningPlan plan) => _calibrated?.Rehearse(plan);

    /// <summary>The network that keeps the request's targets and those of time, repaired.</summary>
    private PruningResult Finished(PruneRequest request, string rule)
    {
        if (options.Targets.Times.Count > 0)
        {
            var floats = new Candidates(this, request, rule);
            return new LatencyTargets(loaded, options, measure, observer, _network.Cost)
                .Find(integers is null ? floats : new IntegerCandidates(floats, integers));
        }

        _calibrated?.Weigh(request, request.Targets);
        return Prune(request, request.Targets, rule, KeepsTarget);
    }

    private Cost Smallest(PruneRequest request) => _calibrated?.Smallest(request) ?? Planner.Smallest(_network, request);

    /// <summary>A copy that keeps the targets. Without calibration inputs it is the network that would be written.</summary>
    private PruningResult Draft(PruneRequest request, IReadOnlyList<Target> targets, string rule)
    {
        var outcome = _calibrated is null || AreMet(targets)
            ? Pruner.Prune(_network, request with { Targets = targets })
            : Pruner.Apply(_network, _calibrated.Plan(request, targets) with { AbsorbMeans = false });
        return Made(outcome, rule, KeepsTarget);
    }

    /// <summary>The least that a target can go down to, as a clause.</summary>
    private string Reachable(Target target, Cost smallest) =>
        target.Kind == TargetKind.Bytes && loaded.Bytes - _network.Cost.Bytes + smallest.Bytes is var size
        ? $"the file can go down to about {Numbers.Bytes(size)} ({Numbers.Share(size, loaded.Bytes)})"
        : Invariant($"{target.Word} can go down to {target.Of(smallest)} ({Numbers.Share(target.Of(smallest), target.Of(_network.Cost))})");

    private bool AreMet(IReadOnlyList<Target> targets) => targets.All(t => t.IsMet(_network.Cost, _network.Cost));

    /// <summary>Which options stand in the way of a target, as sentences.</summary>
    private string WaysOut(TargetOutOfReachException e)
    {
        var request = options.ToRequest(multiple, measure);
        var now = Planner.Smallest(_network, request);
        Target[] targets = [
            .. options.Targets.Costs.Where(t => IsUnmet(t.ToString())),
            .. options.Targets.Sizes.Where(t => IsUnmet(t.ToString())).Take(1).Select(_ => new Target(TargetKind.Bytes, null, 0))
        ];
        var ways = new List<string>();
        Offer("--round 1", request with { Rounding = new Rounding(1) });
        if (!options.CutsBlocks || !options.CutsChannels)
        {
            Offer("--granularity blocks,channels", request with { CutsBlocks = true, CutsChannels = true });
        }

        if (options.Targets.Times.Any(t => IsUnmet(t.ToString())) && measure.Sessions.Threads != 1)
        {
            ways.Add("On one thread, small networks gain more: --threads 1 measures that.");
        }

        return string.Join(" ", ways);

        bool IsUnmet(string target) => e.Reaches.Any(r => r.Target == target);

        void Offer(string option, PruneRequest wider)
        {
            var smallest = Planner.Smallest(_network, wider);
            var gains = targets.Where(t => t.Of(smallest) < t.Of(now)).Select(t => Reachable(t, smallest)).ToArray();
            if (gains.Length > 0)
            {
                ways.Add($"With {option}, {string.Join(" and ", gains)}.");
            }
            else if (targets.Length == 0 && option.StartsWith("--granularity", StringComparison.Ordinal) && smallest.Macs < now.Macs)
            {
                ways.Add($"More can go with {option}.");
            }
        }
    }

    public PruningResult Apply(PruningPlan plan, string rule, string whyNothing)
    {
        if (_calibrated is null || plan.IsEmpty)
        {
            return Stated(Pruner.Apply(_network, plan), rule, whyNothing);
        }

        return Stated(_calibrated.Outcome(_calibrated.Apply(plan)), rule, whyNothing);
    }

    private PruningResult Prune(PruneRequest request, IReadOnlyList<Target> targets, string rule, string whyNothing)
    {
        if (_calibrated is null || AreMet(targets))
        {
            return Made(Pruner.Prune(_network, request with { Targets = targets }), rule, whyNothing);
        }

        return Made(_calibrated.Outcome(_calibrated.Prune(request, targets)), rule, whyNothing);
    }

    /// <summary>The result of a plan that was made here: it and the model state the rule.</summary>
    private PruningResult Made(PruneOutcome outcome, string rule, string whyNothing)
    {
        // The number of bytes that is asked for would change the number that there are.
        var stated = options.Targets.Sizes.Count > 0 ? "a target of size" : rule;
        return Stated(outcome with { Plan = outcome.Plan with { Rule = stated } }, rule, whyNothing);
    }

    /// <summary>A result whose model says how it was made.</summary>
    private static PruningResult Stated(PruneOutcome outcome, string rule, string whyNothing)
    {
        Provenance.Add(outcome);
        return new PruningResult(outcome, rule, whyNothing);
    }

    /// <summary>A target that cannot be reached because nothing can be cut deserves more than its range.</summary>
    private void SayWhyFixed(string reason)
    {
        observer.Note($"nothing of the model can be cut: {reason}.");
        foreach (var blocked in _network.Channels.Blocked.OrderByDescending(b => b.Count).Take(MostReasons))
        {
            observer.Note(
                $"{Numbers.Count(blocked.Count, "channel")} of "
                    + $"{blocked.Producers[0].Label}{(blocked.Producers.Count > 1 ? " and others" : "")}: {blocked.Reason}");
        }
    }

    private PruningResult Freely(PruneRequest request)
    {
        if (!options.HasLimits)
        {
            var free = Pruner.Prune(_network, request);
            if (!free.ChangedNothing)
            {
                return Made(free, "what provably contributes nothing", "");
            }
        }

        var drift = options.HasLimits ? options.MaxDrift : PruningOptions.DefaultMaxDrift;
        var phrases = new[]
        {
            drift is null ? null : Invariant($"a drift of at most {drift}"),
            options.MaxDrop is null ? null : Invariant($"a loss of at most {options.MaxDrop} points of accuracy"),
        };
        var rule = string.Join(" and ", phrases.OfType<string>());
        if (WhyFixed(request) is { } reason)
        {
            return Prune(request, [], rule, reason) with { IsFixed = true };
        }

        using var limits = new LossLimits(loaded, measure, drift, options.MaxDrop);
        var search = new LossSearch(_network, request, limits, observer, _calibrated);
        var target = search.Find();
        var whyNothing = options.MaxDrop is null
            ? Invariant($"every cut that was tried drifts by more than {drift}")
            : Invariant($"no cut that was tried keeps to {rule}");
        return Prune(request, target is null ? [] : [target.Value], rule, whyNothing) with { LossTrials = search.Tried };
    }

    /// <summary>Why not even a search can find anything; null when it can.</summary>
    private string? WhyFixed(PruneRequest request)
    {
        if (Planner.Smallest(_network, request).Macs < _network.Cost.Macs)
        {
            return null;
        }

        return _network.Channels.Groups.Count == 0 && !_network.Blocks.Any(b => b.Obstacle is null)
            ? "none of its channels can be cut"
            : _network.Channels.Groups.Count == 0 ? "only whole blocks can be cut (--granularity blocks)"
            : options.Only is not null || options.Exclude is not null ? "--only and --exclude leave nothing to cut"
            : $"it has no more channels than the multiples to keep ({Invariant($"--round {request.Rounding.Multiple}")})";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>The networks that targets of time choose from.</summary>
    private sealed class Candidates(PruningDecider decider, PruneRequest request, string rule) : ICandidates<PruningResult>
    {
        private bool _isWeighed;
        private long? _smallest;

        public long Smallest => _smallest ??= decider.Smallest(request).Time;

        public bool IncludesOriginal => decider.AreMet(request.Targets);

        public Candidate<PruningResult> Draft(long? most)
        {
            var targets = Targets(most);
            if (most > Smallest && !_isWeighed)
            {
                // The first guess says how large the cut will be, about.
                decider._calibrated?.Weigh(request, targets);
                _isWeighed = true;
            }

            return Of(decider.Draft(request, targets, rule));
        }

        public Candidate<PruningResult> Final(long? most) => Of(decider.Prune(request, Targets(most), rule, KeepsTarget));

        private IReadOnlyList<Target> Targets(long? most) =>
            most is { } time ? [.. request.Targets, new Target(TargetKind.Time, null, time)] : request.Targets;

        private static Candidate<PruningResult> Of(PruningResult cut) => new(cut, cut.Model, cut.Outcome.After.Time);
    }
}
