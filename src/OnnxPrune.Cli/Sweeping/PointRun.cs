using System.Diagnostics;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// Works on points one after the other. What they share is measured once: cuts, layers and answers of the original by the session, the
/// pruned floats by a point and its twin with integers.
/// </summary>
internal sealed class PointRun(SweepOptions options, PointStore store, Terminal terminal)
{
    private (string Model, MeasureOptions Measure, PruningSession Session)? _open;
    private (PruningSession Session, string Target, PruningResult Result)? _floats;

    /// <summary>Writes the point's model, then its record.</summary>
    /// <exception cref="UsageException">Model, data or options do not go together, for whatever point.</exception>
    public PointRecord Execute(SweepPoint point)
    {
        var start = Stopwatch.GetTimestamp();
        PointRecord record;
        try
        {
            record = Make(point);
        }
        catch (Exception e) when (e is TargetOutOfReachException or VerificationFailedException)
        {
            record = Record(point, RunEnd.Of(e));
        }

        record = record with { Seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3) };
        store.Write(point, record);
        return record;
    }

    private PointRecord Make(SweepPoint point)
    {
        var session = Session(point);
        var cut = Cut(point, session);
        if (point.Int8 && cut.Quantization is { WhyFloat: { } why })
        {
            return Record(point, new RunEnd(ExitCode.TargetOutOfReach, $"It stays float: {why.TrimEnd('.')}.", null));
        }

        using var staged = OnnxFile.Stage(cut.Model, store.ModelOf(point));
        var (original, pruned) = StagedNetwork.Figures(session.Original, cut, staged);
        var comparison = session.Compare(settings => StagedNetwork.Open(staged, settings, store.ModelOf(point)), cut, terminal);
        var record = Record(point, RunEnd.Done) with
        {
            File = point.Name + ".onnx",
            Original = ReportModel.Of(point.Model, point.Model, original),
            Pruned = ReportModel.Of(point.Name + ".onnx", staged.TemporaryPath, pruned),
            IntegerLayers = cut.Quantization?.IntegerLayers,
            Verification = PruneReport.Verification(comparison, original, pruned),
        };
        staged.Commit();
        return record;
    }

    /// <summary>The session of the point's model and seed: the one before where it is the same.</summary>
    private PruningSession Session(SweepPoint point)
    {
        if (_open is not var (model, measure, session) || model != point.Model || measure != point.Measure)
        {
            session = PruningSession.Open(point.Model, point.Measure, terminal);
            session.Check(options.Request(point.Target), verifies: true, runs: true, terminal);
            _open = (point.Model, point.Measure, session);
        }

        return session;
    }

    private PruningResult Cut(SweepPoint point, PruningSession session)
    {
        var request = options.Request(point.Target) with { Output = store.ModelOf(point), Int8 = point.Int8 };
        var asFloat = request with { Int8 = false };
        request = session.WithIntegerCounts(request, terminal);
        if (point.Int8 && (request.Targets.Times.Count > 0 || request.Multiple != asFloat.Multiple))
        {
            // Integers meet a target of time with another network, and a runtime may want other counts of channels for them.
            return session.Prune(request, terminal);
        }

        if (_floats is not var (of, target, floats) || of != session || target != point.Target)
        {
            floats = session.Prune(asFloat, terminal);
            _floats = (session, point.Target, floats);
        }

        return point.Int8 ? session.Quantize(floats, terminal) : floats;
    }

    private PointRecord Record(SweepPoint point, RunEnd end) => new(
        store.Key(point),
        point.Name,
        point.Model,
        point.Target,
        point.Int8,
        point.Measure.Seed,
        end.ExitCode == ExitCode.Done ? PointRecord.Done : PointRecord.Refused,
        end.ExitCode,
        end.Message,
        end.Reachable,
        null,
        null,
        null,
        null,
        null,
        0);
}
