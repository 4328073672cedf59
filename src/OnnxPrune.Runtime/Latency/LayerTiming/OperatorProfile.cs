using System.Text.Json;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>ONNX Runtime's own profile of a session: what each operator took, run by run.</summary>
internal static class OperatorProfile
{
    private const string Suffix = "_kernel_time";
    private const double MicrosecondsPerMillisecond = 1000;

    /// <summary>
    /// Milliseconds by the name of the operator. The profile is an array of events, and an event of the session ends each run.
    /// </summary>
    /// <exception cref="JsonException">The profile is none.</exception>
    public static IReadOnlyList<IReadOnlyDictionary<string, double>> Parse(byte[] profile)
    {
        var (runs, run) = (new List<IReadOnlyDictionary<string, double>>(), new Dictionary<string, double>());
        using var document = JsonDocument.Parse(profile);
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            var name = Text(entry, "name");
            if (Text(entry, "cat") == "Node" && name.EndsWith(Suffix, StringComparison.Ordinal))
            {
                var operation = name[..^Suffix.Length];
                run[operation] = run.GetValueOrDefault(operation) + (entry.GetProperty("dur").GetInt64() / MicrosecondsPerMillisecond);
            }
            else if (Text(entry, "cat") == "Session" && name == "model_run")
            {
                runs.Add(run);
                run = [];
            }
        }

        return runs;
    }

    private static string Text(JsonElement entry, string property) =>
        entry.TryGetProperty(property, out var value) ? value.GetString() ?? "" : "";
}
