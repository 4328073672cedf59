using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Reports;

/// <summary>The end of a run.</summary>
/// <param name="Message">Why it was refused; null where it was not.</param>
/// <param name="Reachable">Where a target is out of reach: how far it can be gone towards.</param>
internal sealed record RunEnd(int ExitCode, string? Message, IReadOnlyList<Reach>? Reachable)
{
    public static RunEnd Done { get; } = new(Commands.ExitCode.Done, null, null);

    public static RunEnd Of(Exception e) =>
        Failure.Explain(e) is var (code, message) ? new RunEnd(code, message, (e as TargetOutOfReachException)?.Reaches) : Done;
}

/// <summary>The fields that every report of a run begins with.</summary>
/// <param name="Status">done or refused.</param>
/// <param name="Date">When the report was made, in UTC, as ISO 8601 has it.</param>
/// <param name="Seconds">What the phases took. A phase may lie in another one.</param>
internal record RunRecord(
    [property: JsonPropertyOrder(-9)] string Command,
    [property: JsonPropertyOrder(-8)] string Status,
    [property: JsonPropertyOrder(-7)] int ExitCode,
    [property: JsonPropertyOrder(-6)] string? Message,
    [property: JsonPropertyOrder(-5)] IReadOnlyList<Reach>? Reachable,
    [property: JsonPropertyOrder(-4)] string Date,
    [property: JsonPropertyOrder(-3)] IReadOnlyList<string> CommandLine,
    [property: JsonPropertyOrder(-2)] ReportVersions Versions,
    [property: JsonPropertyOrder(-1)] IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>Raised when a field that is described changes its meaning.</summary>
    [JsonPropertyOrder(-10)]
    public int SchemaVersion { get; init; } = 2;

    /// <param name="latency">Null where nothing was raced.</param>
    public static RunRecord Of(string command, RunEnd end, Terminal terminal, LatencyReport? latency) => new(
        command,
        end.ExitCode == Commands.ExitCode.Done ? "done" : "refused",
        end.ExitCode,
        end.Message,
        end.Reachable,
        DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["onnxprune", .. Environment.GetCommandLineArgs().Skip(1)],
        new ReportVersions(
            Machine.Tool,
            Runtime.Sessions.RuntimeEnvironment.Version,
            RuntimeInformation.FrameworkDescription,
            latency?.Provider,
            Machine.Cpu,
            Environment.ProcessorCount,
            RuntimeInformation.OSDescription),
        terminal.Seconds);
}

/// <param name="Onnxprune">With the commit that it was made from.</param>
/// <param name="Provider">What models were raced on; null when none were.</param>
internal sealed record ReportVersions(
    string Onnxprune, string OnnxRuntime, string Dotnet, string? Provider, string Cpu, int Cores, string Os);
