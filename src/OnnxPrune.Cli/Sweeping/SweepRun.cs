using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>The steps of <c>onnxprune sweep in.onnx folder</c>.</summary>
internal sealed class SweepRun(SweepOptions options, Terminal terminal)
{
    private const string Table = "sweep.json";
    private const string Markdown = "sweep.md";
    private const string Page = "sweep.html";
    private const string Best = "picked.onnx";

    private readonly IReadOnlyList<SweepPoint> _points = options.Points();

    public int Execute()
    {
        Check();
        if (options.Engine.Kind == EngineKind.Kubernetes && options.Point is null)
        {
            KubernetesJob.Write(options, _points, terminal);
            return ExitCode.Done;
        }

        var store = new PointStore(options);
        var asked = options.Point is { } only ? [_points[only]] : _points;
        var missing = asked.Where(p => store.Find(p) is null or { ExitCode: ExitCode.Failed }).ToArray();
        if (missing.Length < asked.Count && options.Point is null)
        {
            terminal.Note($"{asked.Count - missing.Length} of {Numbers.Count(asked.Count, "point")} were done before, and are kept.");
        }

        // What was refused by chance is tried again.
        Array.ForEach(missing, p => File.Delete(store.RecordOf(p)));
        Work(store, missing);
        return options.Point is null ? Collect(store) : store.Find(asked[0])!.ExitCode;
    }

    private void Check()
    {
        if (_points.GroupBy(p => p.Name).FirstOrDefault(g => g.Count() > 1) is { } same)
        {
            throw new UsageException(
                $"Two points would be written to '{same.Key}.onnx': models need names of their own, and targets are to differ.");
        }

        if (options.Point >= _points.Count)
        {
            throw new UsageException($"--point {options.Point}: there are {Numbers.Count(_points.Count, "point")}, from 0 on.");
        }

        if (options.Int8 != Int8Mode.Off && options.Measures[0].Calib is null)
        {
            throw Calibration.Sessions.IntegerStep.NoInputs();
        }

        if (File.Exists(options.Folder))
        {
            throw new UsageException($"'{options.Folder}' is a file; give the folder that the models go to.");
        }

        options.Pick?.Check(options.Measures[0].Data is not null, options.Measures[0].Metric is not null);
        var paths = new RunPaths()
            .Reads("the model", options.Models)
            .Reads("the calibration data", options.Measures[0].CalibPath)
            .Reads("the labelled data", options.Measures[0].Data);
        foreach (var point in Directory.Exists(options.Folder) ? _points : [])
        {
            paths.Writes("the point", Path.Combine(options.Folder, point.Name + ".onnx"));
        }

        paths.Check(tries: false);
        foreach (var model in options.Models)
        {
            InputFile.Open(model).Dispose();
        }
    }

    private void Work(PointStore store, IReadOnlyList<SweepPoint> missing)
    {
        if (missing.Count == 0)
        {
            return;
        }

        switch (options.Point is null ? options.Engine.Kind : EngineKind.Shared)
        {
            case EngineKind.Local:
                new LocalEngine(options.Engine, store, terminal).Work(missing);
                break;
            case EngineKind.Slurm:
                new SlurmEngine(options.Engine, store, terminal).Work(missing);
                break;
            default:
                Here(store, missing);
                break;
        }
    }

    private void Here(PointStore store, IReadOnlyList<SweepPoint> missing)
    {
        using var loading = RuntimeEnvironment.Preload(options.Measures[0].Sessions.Provider);
        var run = new PointRun(options, store, terminal);
        foreach (var (i, point) in missing.Index())
        {
            var record = run.Execute(point);
            if (options.Point is null)
            {
                terminal.Note(
                    $"{i + 1}/{missing.Count} {point.Name}: "
                        + $"{(record.IsDone ? FormattableString.Invariant($"done in {record.Seconds:0.0} s") : record.Message)}");
            }
        }
    }

    /// <summary>Makes the tables of what is there.</summary>
    private int Collect(PointStore store)
    {
        var records = _points.Select(p => (Point: p, Record: store.Find(p) ?? Missing(p, store))).ToArray();
        var figures = SweepPointFigures.Of(records.Select(r => r.Record));
        var front = SweepPointFigures.ParetoFront(figures);
        var picked = options.Pick?.Best(figures);
        var end = End(records.Select(r => r.Record).ToArray(), picked);
        var document = new SweepDocument(
            RunRecord.Of("sweep", end is null ? RunEnd.Done : RunEnd.Of(end), terminal, null),
            [.. records.Select(r => new SweepEntry(
                r.Point.Label,
                figures.FirstOrDefault(f => f.Record == r.Record)?.Milliseconds,
                front.Contains(r.Record.Name),
                r.Record))],
            options.Pick?.ToString(),
            picked?.Record.Name);
        Write(store, document, picked);
        Show(document, store, picked);
        return end is null ? ExitCode.Done : throw end;
    }

    /// <summary>The failure of the sweep as a whole; null where there is none.</summary>
    private Exception? End(IReadOnlyList<PointRecord> records, SweepPointFigures? picked)
    {
        if (records.FirstOrDefault(r => r.Status == PointRecord.Failed) is { } failed)
        {
            return new VerificationFailedException(
                $"{failed.Name} has no result: {failed.Message} The others are in '{options.Folder}', and the same command tries it "
                    + "again.");
        }

        if (!records.Any(r => r.IsDone))
        {
            return new TargetOutOfReachException(
                $"No point is in reach. {records[0].Message}", [.. records.SelectMany(r => r.Reachable ?? [])]);
        }

        return options.Pick is { } rule && picked is null
            ? new TargetOutOfReachException(
                $"No point keeps --pick {rule}; '{Path.Combine(options.Folder, Page)}' has what each comes to.", [])
            : null;
    }

    private static PointRecord Missing(SweepPoint point, PointStore store) => new(
        "", point.Name, point.Model, point.Target, point.Int8, point.Measure.Seed, PointRecord.Failed, ExitCode.Failed,
        $"its process ended without one; '{store.LogOf(point)}' has what it said.", null, null, null, null, null, null, 0);

    private void Write(PointStore store, SweepDocument document, SweepPointFigures? picked)
    {
        if (picked is not null)
        {
            // Read and written, so that weights in a file of their own follow.
            using var best = OnnxFile.Stage(OnnxFile.Read(store.At(picked.Record.File!)), store.At(Best));
            best.Commit();
        }

        ReportFile.Write(store.At(Table), ReportFile.Json(document, ReportJson.Default.SweepDocument));
        ReportFile.Write(store.At(Markdown), document.ToMarkdown(options.Models.Count > 1));
        ReportFile.Write(store.At(Page), SweepPage.Write(document, options.Models.Count > 1));
    }

    private void Show(SweepDocument document, PointStore store, SweepPointFigures? picked)
    {
        if (!terminal.ShowsResults)
        {
            return;
        }

        Tables.Show(terminal, SweepDocument.Columns, document.Rows(options.Models.Count > 1), wholeNames: true);
        terminal.Line();
        foreach (var entry in document.Points.Where(p => p.Record.Message is not null))
        {
            terminal.Line($"{entry.Label}: {entry.Record.Message}");
        }

        terminal.Line(SweepDocument.Legend);
        Written.Say(
            terminal,
            ("the models and their records to", options.Folder),
            ("the tables", store.At(Table)),
            ("the same for a pull request", store.At(Markdown)),
            ("the page", store.At(Page)),
            ($"{picked?.Record.Name} also as", picked is null ? null : store.At(Best)));
    }
}
