using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>The samples that are trained on, and those that accuracy is measured on.</summary>
/// <param name="HeldOut">What tells whether finetuning helped, never samples of --validation, which may be those that a result is judged
/// by; null where nothing asks.</param>
internal sealed record TrainingData(SampleStore Samples, Validation Validation, SampleStore? HeldOut, string Description)
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

        var seed = options.Training.Seed;
        var taken = sources.Select(s => s.Sample(options.Limit, seed)).ToArray();
        var settings = new SessionSettings { Threads = options.Threads };
        var validation = options.Validation is { } path ? Labelled(DataSource.Open(path, options.Normalize, options.Resize), path) : null;
        var judges = options is { KeepsBetter: true, Training: { Method: TrainingMethod.Finetune, Scratch: false, Bits: null } };
        if (validation is not null && !judges)
        {
            return new TrainingData(Store(sources, taken), new Validation(
                validation, validation.Sample(options.Limit, seed), settings), null, validation.Description);
        }

        // Held back from the first source: what is named first is what counts.
        var first = Labelled(sources[0], options.Data[0]);
        var count = options.HoldOut ?? taken[0].Count / ShareHeldOut;
        if (count < 1 || count >= taken[0].Count)
        {
            throw new UsageException(
                $"{count} of {taken[0].Count} samples cannot be held back; give more --data, another "
                    + $"--hold-out{(judges ? ", or --keep last" : ", or --validation")}.");
        }

        var (held, trained) = Split(taken[0], count, seed);
        taken[0] = trained;
        return new TrainingData(
            Store(sources, taken),
            validation is null
                ? new Validation(first, held, settings)
                : new Validation(validation, validation.Sample(options.Limit, seed), settings),
            judges ? new SampleStore(input, (first, held)) : null,
            validation?.Description ?? $"{count} held back of {first.Description}");

        SampleStore Store(IDataSource[] all, IReadOnlyList<int>[] indices) =>
            new(input, all.Zip(indices, (source, i) => (source, (IReadOnlyList<int>?)i)));
    }

    private static (IReadOnlyList<int> Held, IReadOnlyList<int> Trained) Split(IReadOnlyList<int> taken, int count, long seed)
    {
        var order = new SeededRandom(seed).Permutation(taken.Count);
        return ([.. order.Take(count).Order().Select(i => taken[i])], [.. order.Skip(count).Order().Select(i => taken[i])]);
    }

    private static IDataSource Labelled(IDataSource source, string path) =>
        source.HasLabels ? source : throw new UsageException($"The data '{path}' have no labels, and training needs them.");
}
