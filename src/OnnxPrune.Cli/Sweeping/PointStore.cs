using System.Security.Cryptography;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// The records of a sweep's points in its folder: which are done, for the same inputs and options, with their models as they were written.
/// </summary>
internal sealed class PointStore
{
    private const long MostBytes = 64 << 20;

    private readonly SweepOptions _options;
    private readonly Dictionary<string, string> _hashes = [];

    /// <exception cref="UsageException">The folder cannot be made.</exception>
    public PointStore(SweepOptions options)
    {
        _options = options;
        try
        {
            Directory.CreateDirectory(options.Folder);
            Directory.CreateDirectory(Logs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"The folder '{options.Folder}' cannot be made: {e.Message}", e);
        }
    }

    /// <summary>The folder of what the processes of points say.</summary>
    public string Logs => At("logs");

    public string At(string name) => Path.Combine(_options.Folder, name);

    public string ModelOf(SweepPoint point) => At(point.Name + ".onnx");

    public string RecordOf(SweepPoint point) => At(point.Name + ".json");

    /// <summary>The log of a point that runs in a process of its own.</summary>
    public string LogOf(SweepPoint point) => Path.Combine(Logs, point.Name + ".log");

    /// <summary>The point's record; null where it is not done yet, or was done of something else.</summary>
    public PointRecord? Find(SweepPoint point)
    {
        var path = RecordOf(point);
        var record = File.Exists(path) ? PointRecord.FromJson(InputFile.ReadAllText(path, MostBytes)) : null;
        return record?.Key == Key(point) && (!record.IsDone || IsThere(record)) ? record : null;
    }

    /// <summary>Puts a record in place; the point's model is there before.</summary>
    public void Write(SweepPoint point, PointRecord record)
    {
        using var file = TextFile.Stage(RecordOf(point), record.ToJson());
        file.Commit();
    }

    /// <summary>A hash of all that the point depends on.</summary>
    public string Key(SweepPoint point)
    {
        var (measure, request) = (point.Measure, _options.Request(point.Target));
        return InputHash.Of([
            Machine.Tool,
            Hash(point.Model, InputHash.OfModel),
            measure.CalibPath is { } calib ? Hash(calib, InputHash.OfData) : measure.Calib ?? "",
            measure.Data is { } data ? Hash(data, InputHash.OfData) : "",
            point.Target,
            point.Int8 ? "int8" : "float",
            Text(request),
            Text(measure),
        ]);
    }

    private string Hash(string path, Func<string, string> of)
    {
        if (!_hashes.TryGetValue(path, out var hash))
        {
            _hashes[path] = hash = of(path);
        }

        return hash;
    }

    private static string Text(PruningOptions request) =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{request.CutsBlocks} {request.CutsChannels} {request.Criterion} {request.Round} "
                + $"{request.For.Name} {request.Repair}\n{request.Only}\n{request.Exclude}");

    private static string Text(MeasureOptions measure)
    {
        var shapes = string.Join(" ", (measure.InputShapes ?? new Dictionary<string, long[]>()).OrderBy(
            s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={string.Join(',', s.Value)}"));
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{measure.CalibLimit} {measure.DataLimit} {measure.Normalize} {measure.Resize} {measure.Seed} {measure.Sessions.Provider} "
                + $"{measure.Sessions.Threads}\n{shapes}\n{measure.Metric}");
    }

    private bool IsThere(PointRecord record)
    {
        var path = At(record.File!);
        if (!File.Exists(path))
        {
            return false;
        }

        using var stream = InputFile.OpenStream(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == record.Pruned!.Sha256;
    }
}
