using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>Appends every epoch and cut of a run as a line of JSON, and passes all on to a display.</summary>
internal sealed class TrainingLog : ITrainingObserver, IDisposable
{
    private readonly ITrainingObserver _next;
    private readonly StreamWriter? _file;

    /// <param name="path">Null for no log.</param>
    /// <exception cref="UsageException">The file cannot be written.</exception>
    public TrainingLog(string? path, ITrainingObserver next)
    {
        _next = next;
        try
        {
            _file = path is null ? null : new StreamWriter(path, append: true) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--log '{path}' cannot be written: {e.Message}", e);
        }
    }

    public void OnStep(StepReport report) => _next.OnStep(report);

    public void OnEpoch(EpochReport report)
    {
        _file?.WriteLine(
            JsonSerializer.Serialize(
                new EpochLine(
                    1,
                    "epoch",
                    report.Phase.Name,
                    report.Epoch + 1,
                    report.Phase.Epochs,
                    report.Loss,
                    report.Accuracy,
                    report.Validation,
                    report.LearningRate,
                    report.Gates,
                    report.ExpectedShare,
                    report.Gamma,
                    report.Seconds),
                LogJson.Default.EpochLine));
        _next.OnEpoch(report);
    }

    public void OnCut(CutReport report)
    {
        _file?.WriteLine(
            JsonSerializer.Serialize(
                new CutLine(
                    1,
                    "cut",
                    report.Phase.Name,
                    report.Blocks,
                    report.Channels,
                    report.Cost.Macs,
                    report.Cost.Parameters,
                    report.Validation),
                LogJson.Default.CutLine));
        _next.OnCut(report);
    }

    public void Dispose() => _file?.Dispose();
}

internal sealed record EpochLine(
    int SchemaVersion, string Kind, string Phase, int Epoch, int Epochs, double Loss, double Accuracy, double? Validation,
    double LearningRate, IReadOnlyList<double> Gates, double? ExpectedShare, double Gamma, double Seconds);

internal sealed record CutLine(
    int SchemaVersion, string Kind, string Phase, int Blocks, int Channels, long Macs, long Parameters, double? Validation);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EpochLine))]
[JsonSerializable(typeof(CutLine))]
internal sealed partial class LogJson : JsonSerializerContext;
