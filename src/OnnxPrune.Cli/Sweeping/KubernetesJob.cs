using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>The plan of a sweep as an Indexed Job of Kubernetes, an index for each point. It is written, and never submitted.</summary>
internal static class KubernetesJob
{
    private const string FileName = "sweep-job.json";
    private const string Volume = "work";

    private static readonly JsonWriterOptions s_json =
        new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the manifest to the folder.</summary>
    public static void Write(SweepOptions options, IReadOnlyList<SweepPoint> points, Terminal terminal)
    {
        var path = Path.Combine(options.Folder, FileName);
        Directory.CreateDirectory(options.Folder);
        ReportFile.Write(path, Manifest(options.Engine, points.Count));
        terminal.Note(
            $"nothing was submitted or run: 'kubectl apply -f {path}' does that, and then the same command with --engine shared in the "
                + "volume makes the tables.");
        Written.Say(terminal, ("the job", path));
    }

    private static string Manifest(SweepEngine engine, int points)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", "batch/v1");
            json.WriteString("kind", "Job");
            Object(json, "metadata", () => json.WriteString("name", "onnxprune-sweep"));
            Object(json, "spec", () =>
            {
                json.WriteString("completionMode", "Indexed");
                json.WriteNumber("completions", points);
                json.WriteNumber("parallelism", engine.Jobs ?? points);
                json.WriteNumber("backoffLimitPerIndex", engine.Retries);
                json.WriteNumber("maxFailedIndexes", points);
                Object(json, "template", () => Object(json, "spec", () => WritePod(json, engine)));
            });
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void WritePod(Utf8JsonWriter json, SweepEngine engine)
    {
        json.WriteString("restartPolicy", "Never");
        json.WriteStartArray("containers");
        json.WriteStartObject();
        json.WriteString("name", "onnxprune");
        json.WriteString("image", engine.Image);
        json.WriteString("workingDir", engine.Mount);
        json.WriteStartArray("command");
        json.WriteStringValue("onnxprune");
        foreach (var word in PointCommand.Arguments("POINT"))
        {
            // Kubernetes puts variables in for $(NAME), and takes $$ for $.
            json.WriteStringValue(word == "--point=POINT" ? "--point=$(JOB_COMPLETION_INDEX)" : word.Replace("$(", "$$("));
        }

        json.WriteEndArray();
        json.WriteStartArray("volumeMounts");
        json.WriteStartObject();
        json.WriteString("name", Volume);
        json.WriteString("mountPath", engine.Mount);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("volumes");
        json.WriteStartObject();
        json.WriteString("name", Volume);
        Object(json, "persistentVolumeClaim", () => json.WriteString("claimName", engine.Claim));
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Object(Utf8JsonWriter json, string name, Action content)
    {
        json.WriteStartObject(name);
        content();
        json.WriteEndObject();
    }
}
