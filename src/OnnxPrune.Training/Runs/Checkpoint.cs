using System.IO.Compression;
using System.Text;
using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;

namespace OnnxPrune.Training.Runs;

/// <summary>All that the next step of a phase depends on beside the weights, as bytes; empty at the start of a phase.</summary>
/// <param name="Optimizer">Momenta.</param>
/// <param name="Averages">The moving averages of the weights; empty where none are kept.</param>
/// <param name="Levels">What low-bit weights may be; empty where they are floats.</param>
internal sealed record TrainerState(byte[] Optimizer, byte[] Averages, byte[] Levels)
{
    /// <summary>At the start of a phase.</summary>
    public static TrainerState None { get; } = new([], [], []);
}

/// <summary>
/// Everything that a run needs to go on to the same numbers, in one zip file: both structures with their weights, the plan so far, the
/// optimizer's momenta, the averages of the weights and the place.
/// </summary>
/// <param name="Full">The structure before anything was removed.</param>
/// <param name="Current">What is being trained.</param>
internal sealed record Checkpoint(TrainingState State, Model Full, Model Current, PruningPlan Plan, TrainerState Trainer)
{
    /// <summary>Writes beside the path and then renames: at every moment there is the old checkpoint or the new.</summary>
    public void Save(string path)
    {
        using var pending = AtomicFile.Write(path, stream =>
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            Add(zip, "state.json", Encoding.UTF8.GetBytes(State.ToJson()));
            Add(zip, "plan.json", Encoding.UTF8.GetBytes(Plan.ToJson()));
            Add(zip, "full.onnx", OnnxFile.ToWholeBytes(Full));
            Add(zip, "current.onnx", OnnxFile.ToWholeBytes(Current));
            Add(zip, "optimizer.bin", Trainer.Optimizer);
            Add(zip, "averages.bin", Trainer.Averages);
            Add(zip, "levels.bin", Trainer.Levels);
        });
        pending.Commit();
    }

    /// <exception cref="UsageException">The file is no checkpoint, or belongs to another request.</exception>
    public static Checkpoint Read(string path, IReadOnlyDictionary<string, string> request)
    {
        try
        {
            using var zip = new ZipArchive(InputFile.OpenStream(path));
            var state = TrainingState.FromJson(Encoding.UTF8.GetString(Bytes(zip, "state.json")));
            var others = state.Request.Keys.Union(request.Keys)
                .Where(name => state.Request.GetValueOrDefault(name) != request.GetValueOrDefault(name))
                .ToArray();
            if (others.Length > 0)
            {
                throw new UsageException(
                    $"A run that was stopped left the checkpoint '{path}', and it had other options: "
                        + $"{string.Join("; ", others.Select(o => Difference(o, state.Request, request)))}. Give the same ones to go on "
                        + "with it, or --restart to begin anew and overwrite it, or another --checkpoint.");
            }

            return new Checkpoint(
                state,
                OnnxFile.FromBytes(Bytes(zip, "full.onnx")),
                OnnxFile.FromBytes(Bytes(zip, "current.onnx")),
                PruningPlan.FromJson(Encoding.UTF8.GetString(Bytes(zip, "plan.json")), $"'{path}'"),
                new TrainerState(Bytes(zip, "optimizer.bin"), Bytes(zip, "averages.bin"), Bytes(zip, "levels.bin")));
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"'{path}' is no checkpoint that can be read: {e.Message}. Give --restart to begin anew and overwrite it, or another "
                    + "--checkpoint.",
                e);
        }
    }

    private static string Difference(string option, IReadOnlyDictionary<string, string> saved, IReadOnlyDictionary<string, string> given) =>
        $"{option} {saved.GetValueOrDefault(option, "was not given")}, and now {given.GetValueOrDefault(option, "not given")}";

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        // Weights are noise, which compression does not shrink.
        using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        entry.Write(content);
    }

    private static byte[] Bytes(ZipArchive zip, string name)
    {
        using var entry = (zip.GetEntry(name) ?? throw new InvalidDataException($"it lacks {name}")).Open();
        using var memory = new MemoryStream();
        entry.CopyTo(memory);
        return memory.ToArray();
    }
}
