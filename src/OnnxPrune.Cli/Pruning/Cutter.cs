using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Pruning;

/// <summary>What was cut, and what decided it.</summary>
/// <param name="Rule">As a phrase: "the target macs=50%".</param>
/// <param name="WhyNothing">Where nothing was cut: the reason, as a clause.</param>
internal sealed record CutResult(PruneOutcome Outcome, string Rule, string WhyNothing)
{
    /// <summary>The pruned network.</summary>
    public Model Model => Outcome.Model;

    /// <summary>Whether nothing could be cut, whatever was asked for.</summary>
    public bool IsFixed { get; init; }

    /// <summary>What a search for a target of time found; null without one.</summary>
    public LatencyFinding? Latency { get; init; }
}

/// <summary>Decides what decides how much goes, in this order: a plan, targets, a drift limit, the model's own masks, dead weight, the default limit.</summary>
internal sealed class Cutter(LoadedModel loaded, NetworkAnalysis network, PruneOptions options, int multiple, Terminal terminal)
{
    // Plans list indices: those of millions of channels take less.
    private const long MostPlanBytes = 64 << 20;

    private const int MostReasons = 5;
    private const string KeepsTarget = "the model keeps the target as it is";

    private readonly NetworkAnalysis _network = network;

    // Asking for no repair asks for the plain cut, and calibration inputs then only measure drift.
    private readonly CalibratedCutter? _calibrated =
        options.Measure.Calib is not null && options.AbsorbMeans ? new CalibratedCutter(loaded, network, options, terminal) : null;

    /// <summary>Prunes a copy of the model.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    /// <exception cref="UsageException">The plan does not fit the model.</exception>
    public CutResult Cut()
    {
        try
        {
            return CutAsAsked();
        }
        catch (TargetOutOfReachException e) when (WaysOut(e) is { Length: > 0 } advice)
        {
            throw e.With(advice);
        }
    }

    private CutResult CutAsAsked()
    {
        var masks = loaded.Model.Metadata.TryGetValue(PruningPlan.MetadataKey, out var json) ? json : null;

        // It speaks of the channels of this model, and not of those of a smaller one.
        loaded.Model.Metadata.Remove(PruningPlan.MetadataKey);
        if (options.Plan is { } path)
        {
            return Apply(PruningPlan.FromJson(InputFile.ReadAllText(path, MostPlanBytes), $"'{path}'"), $"the plan '{path}'", "the plan is empty");
        }

        if (masks is not null && !options.HasTargets && !options.HasLimits)
        {
            return Apply(PruningPlan.FromJson(masks, $"The metadata '{PruningPlan.MetadataKey}' of '{loaded.Path}'"), "the masks that the model carries", "its masks are empty");
        }

        if (masks is not null)
        {
            terminal.Note("the model carries masks, which were set aside for the target.");
        }

        var request = options.ToRequest(multiple);
        if (!options.HasTargets)
        {
            return Freely(request);
        }

        _network.CheckCounts(options.Targets);
        if (WhyFixed(request) is { } reason)
        {
            SayWhyFixed(reason);
        }

        var rule = $"the target{(options.TargetCount > 1 ? "s" : "")} {options.TargetText}";
        if (options.SizeTargets.Count == 0)
        {
            return Finished(request, rule);
        }

        return new SizedCut(loaded, options, _network.Cost, terminal).Find(
            () => Smallest(request, TargetKind.Bytes).Bytes,
            weights => Draft(request, [.. request.Targets, weights], rule),
            weights => Finished(request with { Targets = [.. request.Targets, weights] }, rule));
    }

    /// <summary>What keeps the request's targets and those of time, repaired.</summary>
    private CutResult Finished(PruneRequest request, string rule)
    {
        if (options.TimeTargets.Count > 0)
        {
            return new TimedCut(loaded, options, terminal, _network.Cost).Find(new Candidates(this, request, rule));
        }

        _calibrated?.Weigh(request, request.Targets);
        return Prune(request, request.Targets, rule, KeepsTarget);
    }

    private Cost Smallest(PruneRequest request, TargetKind kind) => _calibrated?.Smallest(request, kind) ?? Planner.Smallest(_network, request);

    /// <summary>A copy that keeps the targets. Without calibration inputs it is the network that would be written.</summary>
    private CutResult Draft(PruneRequest request, IReadOnlyList<Target> targets, string rule)
    {
        var outcome = _calibrated is null || AreMet(targets)
            ? Pruner.Prune(_network, request with { Targets = targets })
            : Pruner.Apply(_network, _calibrated.Plan(request, targets) with { AbsorbMeans = false });
        return new CutResult(outcome, rule, KeepsTarget);
    }

    /// <summary>What a target can go down to, as a clause.</summary>
    private string Reachable(Target target, Cost smallest) => target.Kind == TargetKind.Bytes && loaded.Bytes - _network.Cost.Bytes + smallest.Bytes is var size
        ? $"the file can go down to about {Reports.Numbers.Bytes(size)} ({Reports.Numbers.Share(size, loaded.Bytes)})"
        : Invariant($"{target.Word} can go down to {target.Of(smallest)} ({Reports.Numbers.Share(target.Of(smallest), target.Of(_network.Cost))})");

    private bool AreMet(IReadOnlyList<Target> targets) => targets.All(t => t.IsMet(_network.Cost, _network.Cost));

    /// <summary>Which options stand in the way of a target, as sentences.</summary>
    private string WaysOut(TargetOutOfReachException e)
    {
        var request = options.ToRequest(multiple);
        var now = Planner.Smallest(_network, request);
        Target[] targets = [.. options.Targets.Where(t => IsUnmet(t.ToString())), .. options.SizeTargets.Where(t => IsUnmet(t.ToString())).Take(1).Select(_ => new Target(TargetKind.Bytes, null, 0))];
        var ways = new List<string>();
        Offer("--round 1", request with { Rounding = new Rounding(1) });
        if (!options.CutsBlocks || !options.CutsChannels)
        {
            Offer("--granularity blocks,channels", request with { CutsBlocks = true, CutsChannels = true });
        }

        if (options.TimeTargets.Any(t => IsUnmet(t.ToString())) && options.Measure.Sessions.Threads != 1)
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

    private CutResult Apply(PruningPlan plan, string rule, string whyNothing)
    {
        if (_calibrated is null || plan.IsEmpty)
        {
            return new CutResult(Pruner.Apply(_network, plan), rule, whyNothing);
        }

        return new CutResult(_calibrated.Outcome(_calibrated.Apply(plan)), rule, whyNothing);
    }

    private CutResult Prune(PruneRequest request, IReadOnlyList<Target> targets, string rule, string whyNothing)
    {
        if (_calibrated is null || AreMet(targets))
        {
            return new CutResult(Pruner.Prune(_network, request with { Targets = targets }), rule, whyNothing);
        }

        return new CutResult(_calibrated.Outcome(_calibrated.Prune(request, targets)), rule, whyNothing);
    }

    /// <summary>A target that cannot be reached because nothing can be cut deserves more than its range.</summary>
    private void SayWhyFixed(string reason)
    {
        terminal.Note($"nothing of the model can be cut: {reason}.");
        foreach (var blocked in _network.Channels.Blocked.OrderByDescending(b => b.Count).Take(MostReasons))
        {
            terminal.Note($"{Reports.Numbers.Count(blocked.Count, "channel")} of {blocked.Producers[0].Label}{(blocked.Producers.Count > 1 ? " and others" : "")}: {blocked.Reason.Text}");
        }
    }

    private CutResult Freely(PruneRequest request)
    {
        if (!options.HasLimits)
        {
            var free = Pruner.Prune(_network, request);
            if (!free.ChangedNothing)
            {
                return new CutResult(free, "what provably contributes nothing", "");
            }
        }

        var drift = options.HasLimits ? options.MaxDrift : PruneOptions.DefaultMaxDrift;
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

        using var limits = new LossLimits(loaded, options.Measure, drift, options.MaxDrop);
        var target = new LimitSearch(_network, request, limits, terminal, _calibrated).Find();
        return Prune(request, target is null ? [] : [target.Value], rule, options.MaxDrop is null
            ? Invariant($"every cut that was tried drifts by more than {drift}")
            : Invariant($"no cut that was tried keeps to {rule}"));
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
    private sealed class Candidates(Cutter cutter, PruneRequest request, string rule) : ICandidates<CutResult>
    {
        private bool _isWeighed;
        private long? _smallest;

        public long Smallest => _smallest ??= cutter.Smallest(request, TargetKind.Time).Time;

        public bool IncludesOriginal => cutter.AreMet(request.Targets);

        public Candidate<CutResult> Draft(long? most)
        {
            var targets = Targets(most);
            if (most > Smallest && !_isWeighed)
            {
                // The first guess says how large the cut will be, about.
                cutter._calibrated?.Weigh(request, targets);
                _isWeighed = true;
            }

            return Of(cutter.Draft(request, targets, rule));
        }

        public Candidate<CutResult> Final(long? most) => Of(cutter.Prune(request, Targets(most), rule, KeepsTarget));

        private IReadOnlyList<Target> Targets(long? most) => most is { } time ? [.. request.Targets, new Target(TargetKind.Time, null, time)] : request.Targets;

        private static Candidate<CutResult> Of(CutResult cut) => new(cut, cut.Model, cut.Outcome.After.Time);
    }
}
