using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>
/// Looks at the data of a run before anything is decided by them: says what is assumed about them, whether the original knows such inputs,
/// and refuses limits that they cannot judge.
/// </summary>
internal sealed class DataReview(LoadedModel original, MeasureOptions options, IRunObserver observer)
{
    // Enough to tell chance from knowledge, and little beside what follows.
    private const int MostSamples = 256;

    /// <param name="maxDrift">The largest drift that is allowed; null without a limit.</param>
    /// <param name="maxDrop">The most points of accuracy that may be lost; null without a limit.</param>
    /// <param name="repairs">Whether the calibration inputs decide and repair, and do not only measure.</param>
    /// <exception cref="UsageException">Data cannot be read, do not fit, hold or give numbers that are not finite, or cannot judge a
    /// limit.</exception>
    public void Check(double? maxDrift, double? maxDrop, bool repairs)
    {
        CheckScore(maxDrop);
        if (options.Calib is null && options.Data is null)
        {
            return;
        }

        using var session = observer.Timed("load the original", () =>
            original.Open(options.Sessions with { Provider = Providers.Resolve(options.Sessions.Provider) }));
        var notes = new List<string>();
        var calib = options.Calib is { } inputs
            ? Review(session, "--calib", inputs, options.OpenCalib(), options.CalibLimit, maxDrift is null ? null : "--max-drift", notes)
            : null;
        var data = options.Data is { } labelled
            ? Review(
                session, "--data", labelled, DataSource.Open(labelled, options.Normalize, options.Resize), options.DataLimit,
                maxDrop is null || options.Metric is not null ? null : "--max-drop", notes)
            : null;
        if (maxDrop is { } points && data is not null && options.Metric is null)
        {
            CheckResolution(points, data, notes);
        }

        if (repairs && calib is not null && data is not null)
        {
            CheckOverlap(calib, data, notes);
        }

        foreach (var note in notes.Distinct())
        {
            observer.Note(note);
        }
    }

    /// <summary>A program that cannot score the original can judge nothing; so it is asked before anything else is done.</summary>
    private void CheckScore(double? maxDrop)
    {
        if (options.Metric is { } metric
            && observer.Watched(StepNames.Score, _ => metric.OfOriginal(original.Path)) is var score
            && maxDrop > Math.Abs(score))
        {
            throw new UsageException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"--max-drop {maxDrop} is more than the whole score of the original, {score:0.####}: beside --metric-cmd it is in the "
                        + $"score's own unit."));
        }
    }

    private Reviewed Review(
        OnnxSession session, string option, string path, IDataSource source, int? limit, string? gate, List<string> notes)
    {
        var samples = source.Sample(limit, options.Seed);
        notes.AddRange(source.Notes(session.Inputs));
        var profile = observer.Watched($"looking at the data of {option}", _ => AnswerProfile.Of(session, source, [.. Some(samples)]));
        if (profile.Doubt is { } doubt)
        {
            var text =
                $"the original may not know inputs like {option} '{path}': of {profile.Samples} samples, {doubt.Reason}. Check "
                    + "--normalize, the order of colours and channels, and the labels";
            if (gate is not null && doubt.IsCertain)
            {
                throw new UsageException($"{gate} cannot be judged, because {text}; without {gate} this is a warning.");
            }

            notes.Add(text + '.');
        }

        return new Reviewed(path, source, samples.Count, profile);
    }

    /// <summary>As many as are looked at, spread over all.</summary>
    private static IEnumerable<int> Some(IReadOnlyList<int> samples)
    {
        var count = Math.Min(samples.Count, MostSamples);
        return Enumerable.Range(0, count).Select(i => samples[(int)((long)i * samples.Count / count)]);
    }

    private static void CheckResolution(double points, Reviewed data, List<string> notes)
    {
        if (!data.Source.HasLabels)
        {
            throw LossLimits.NoLabels(data.Source.Description);
        }

        if (100.0 / data.Count is var one && one > points)
        {
            notes.Add(FormattableString.Invariant(
                $"--max-drop {points} is finer than {data.Count} samples can show: one of them is {one:0.##} points."));
        }
    }

    private static void CheckOverlap(Reviewed calib, Reviewed data, List<string> notes)
    {
        const string Consequence = "the accuracy is that on inputs which the network is repaired by, and on others it may be lower.";
        if (RealPath(calib.Path) == RealPath(data.Path))
        {
            notes.Add($"--calib and --data are the same, '{data.Path}': {Consequence}");
        }
        else if (data.Profile.SharedWith(calib.Profile) is var shared and > 0)
        {
            notes.Add(
                $"of {data.Profile.Samples} samples of --data that were looked at, {shared} are among those of --calib: {Consequence}");
        }
    }

    private static string RealPath(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        FileSystemInfo entry = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
        return entry.Exists ? entry.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full : full;
    }

    /// <param name="Count">How many samples the run takes.</param>
    private sealed record Reviewed(string Path, IDataSource Source, int Count, AnswerProfile Profile);
}
