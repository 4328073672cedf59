using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>What is trained on, and what accuracy is measured on.</summary>
internal sealed record TrainingData(SampleStore Samples, Validation Validation, string Description)
{
    private const int ShareHeldOut = 10;

    /// <exception cref="UsageException">Data cannot be read, have no labels or do not fit the model.</exception>
    public static TrainingData Open(TrainOptions options, ValueDescription input, Terminal terminal)
    {
        var sources = options.Data.Select(path => DataSource.Open(path, options.Normalize, options.Resize)).ToArray();
        foreach (var note in sources.SelectMany(s => s.Notes([input])).Distinct())
        {
            terminal.Note(note);
        }

        var settings = new SessionSettings { Threads = options.Threads };
        if (options.Validation is { } path)
        {
            var other = Labelled(DataSource.Open(path, options.Normalize, options.Resize), path);
            return new TrainingData(
                new SampleStore(input, sources.Select(s => (s, (IReadOnlyList<int>?)null))), new Validation(other, null, settings), other.Description);
        }

        // Held back from the first source: what is named first is what counts.
        var first = Labelled(sources[0], options.Data[0]);
        var count = options.HoldOut ?? first.Count / ShareHeldOut;
        if (count < 1 || count >= first.Count)
        {
            throw new UsageException($"{count} of {first.Count} samples cannot be held back for validation; give --validation or another --hold-out.");
        }

        var (held, trained) = first.Split(count, options.Training.Seed);
        return new TrainingData(
            new SampleStore(input, sources.Select(s => (s, s == first ? trained : null))), new Validation(first, held, settings), $"{count} held back of {first.Description}");
    }

    private static IDataSource Labelled(IDataSource source, string path) =>
        source.HasLabels ? source : throw new UsageException($"The data '{path}' have no labels, and training needs them.");
}
