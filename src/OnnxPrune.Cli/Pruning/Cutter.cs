using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Pruning;

/// <summary>What was cut, and what decided it.</summary>
/// <param name="Model">The pruned network.</param>
/// <param name="Rule">As a phrase: "the target macs=50%".</param>
/// <param name="WhyNothing">Where nothing was cut: the reason, as a clause.</param>
internal sealed record CutResult(Model Model, PruneOutcome Outcome, string Rule, string WhyNothing)
{
    /// <summary>What a search for a target of time found; null without one.</summary>
    public LatencyFinding? Latency { get; init; }
}

/// <summary>Decides what decides how much goes, in this order: a plan, targets, a drift limit, the model's own masks, dead weight, the default limit.</summary>
internal sealed class Cutter(LoadedModel loaded, Pruner pruner, PruneOptions options, int multiple, Terminal terminal)
{
    // Plans list indices: those of millions of channels take less.
    private const long MostPlanBytes = 64 << 20;

    private const int MostReasons = 5;
    private const string KeepsTarget = "the model keeps the target as it is";

    // Asking for no repair asks for the plain cut, and calibration inputs then only measure drift.
    private readonly CalibratedCutter? _calibrated =
        options.Measure.Calib is not null && options.AbsorbMeans ? new CalibratedCutter(loaded, pruner, options, terminal) : null;

    /// <summary>May change the loaded model in place.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    /// <exception cref="UsageException">The plan does not fit the model.</exception>
    public CutResult Cut()
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

        pruner.CheckCounts(options.Targets);
        if (WhyFixed(request) is { } reason)
        {
            SayWhyFixed(reason);
        }

        var rule = $"the target{(options.Targets.Count + options.TimeTargets.Count > 1 ? "s" : "")} {options.TargetText}";
        if (options.TimeTargets.Count > 0)
        {
            return Race(request, rule);
        }

        _calibrated?.Weigh(request, options.Targets);
        return Prune(request, options.Targets, rule, KeepsTarget);
    }

    private CutResult Race(PruneRequest request, string rule)
    {
        // Repairing takes long, and the network that was raced last is the one that is kept.
        CutResult? last = null;
        var search = new LatencySearch(
            loaded,
            options,
            terminal,
            pruner.Before,
            () => _calibrated?.Smallest(request, TargetKind.Time) ?? pruner.Smallest(request),
            targets => _calibrated?.Weigh(request, targets),
            targets => Draft(request, targets),
            targets =>
            {
                if (_calibrated is null)
                {
                    return Draft(request, targets);
                }

                last = Prune(request, targets, rule, KeepsTarget);
                return new Draft(last.Model, last.Outcome.After);
            });
        var found = search.Find();
        return (last ?? Prune(request, found.Targets, rule, KeepsTarget)) with { Latency = found };
    }

    /// <summary>A copy that keeps the targets. Without calibration inputs it is the network that would be written.</summary>
    private Draft Draft(PruneRequest request, IReadOnlyList<Target> targets)
    {
        var copy = loaded.Copy();
        var copyPruner = new Pruner(copy.Model, copy.Concrete?.Values, pruner.Times);
        var outcome = _calibrated is null || targets.All(t => t.IsMet(pruner.Before, pruner.Before))
            ? copyPruner.Prune(request with { Targets = targets })
            : copyPruner.Apply(_calibrated.Plan(request, targets) with { AbsorbMeans = false });
        return new Draft(copy.Model, outcome.After);
    }

    private CutResult Apply(PruningPlan plan, string rule, string whyNothing)
    {
        if (_calibrated is null || plan.IsEmpty)
        {
            return new CutResult(loaded.Model, pruner.Apply(plan), rule, whyNothing);
        }

        var result = _calibrated.Apply(plan);
        return new CutResult(result.Model, _calibrated.Outcome(result), rule, whyNothing);
    }

    private CutResult Prune(PruneRequest request, IReadOnlyList<Target> targets, string rule, string whyNothing)
    {
        if (_calibrated is null || targets.All(t => t.IsMet(pruner.Before, pruner.Before)))
        {
            return new CutResult(loaded.Model, pruner.Prune(request with { Targets = targets }), rule, whyNothing);
        }

        var result = _calibrated.Prune(request, targets);
        return new CutResult(result.Model, _calibrated.Outcome(result), rule, whyNothing);
    }

    /// <summary>A target that cannot be reached because nothing can be cut deserves more than its range.</summary>
    private void SayWhyFixed(string reason)
    {
        terminal.Note($"nothing of the model can be cut: {reason}.");
        foreach (var blocked in pruner.Channels.Blocked.OrderByDescending(b => b.Count).Take(MostReasons))
        {
            terminal.Note($"{Reports.Numbers.Count(blocked.Count, "channel")} of {blocked.Producers[0].Label}{(blocked.Producers.Count > 1 ? " and others" : "")}: {blocked.Reason.Text}");
        }
    }

    private CutResult Freely(PruneRequest request)
    {
        if (!options.HasLimits)
        {
            var free = pruner.Prune(request);
            if (!free.ChangedNothing)
            {
                return new CutResult(loaded.Model, free, "what provably contributes nothing", "");
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
            return Prune(request, [], rule, reason);
        }

        using var limits = new LossLimits(loaded, options.Measure, drift, options.MaxDrop);
        var target = new LimitSearch(loaded, pruner, request, limits, terminal, _calibrated).Find();
        return Prune(request, target is null ? [] : [target.Value], rule, options.MaxDrop is null
            ? Invariant($"every cut that was tried drifts by more than {drift}")
            : Invariant($"no cut that was tried keeps to {rule}"));
    }

    /// <summary>Why not even a search can find anything; null when it can.</summary>
    private string? WhyFixed(PruneRequest request)
    {
        if (pruner.Smallest(request).Macs < pruner.Before.Macs)
        {
            return null;
        }

        return pruner.Channels.Groups.Count == 0 && !pruner.Blocks.Any(b => b.Obstacle is null)
            ? "none of its channels can be cut"
            : pruner.Channels.Groups.Count == 0 ? "only whole blocks can be cut (--granularity blocks)"
            : options.Only is not null || options.Exclude is not null ? "--only and --exclude leave nothing to cut"
            : $"it has no more channels than the multiples to keep ({Invariant($"--round {request.Rounding.Multiple}")})";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
