using System.Text.Json;
using System.Text.Json.Serialization;

namespace GpuCheck;

internal enum CheckStatus
{
    Passed,
    Failed,

    /// <summary>The time was up before it began.</summary>
    NotRun,
}

/// <summary>A check and its figures.</summary>
/// <param name="Message">The reason of a failure; null where it passed.</param>
/// <param name="Figures">Milliseconds, ratios and shares, by name.</param>
internal sealed record CheckResult(
    string Name, CheckStatus Status, double Seconds, string? Message, IReadOnlyDictionary<string, double> Figures);

/// <summary>The findings of the check, as written to its file.</summary>
internal sealed record CheckReport(string Date, string Provider, string OnnxRuntime, string? Gpu, IReadOnlyList<CheckResult> Checks)
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public int SchemaVersion => 1;

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}
