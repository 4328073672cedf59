using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// The result of a point of a sweep, as JSON. It is written when the point's model is in place, so that what has a record is done.
/// </summary>
/// <param name="Key">A hash of all that the point depends on: the program's version, the content of model and data, the options.</param>
/// <param name="Status">done or refused.</param>
/// <param name="Message">Why it was refused; null where it was not.</param>
/// <param name="File">The model's name in the folder; null where it was refused.</param>
/// <param name="IntegerLayers">How many layers compute with integers.</param>
/// <param name="Seconds">What the point took, without what it shares with others that came before.</param>
internal sealed record PointRecord(
    string Key,
    string Name,
    string Input,
    string Target,
    bool Int8,
    int Seed,
    string Status,
    int ExitCode,
    string? Message,
    IReadOnlyList<Reach>? Reachable,
    string? File,
    ReportModel? Original,
    ReportModel? Pruned,
    int? IntegerLayers,
    ReportVerification? Verification,
    double Seconds)
{
    public const string Done = "done";

    public const string Refused = "refused";

    /// <summary>Without a result: its process ended, and trying again may help.</summary>
    public const string Failed = "failed";

    [JsonPropertyOrder(-1)]
    public int SchemaVersion { get; init; } = 1;

    [JsonIgnore]
    public bool IsDone => Status == Done;

    public string ToJson() => ReportFile.Json(this, ReportJson.Default.PointRecord);

    /// <summary>Null where the text is no record.</summary>
    public static PointRecord? FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ReportJson.Default.PointRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
