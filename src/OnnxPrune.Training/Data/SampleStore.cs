using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Training.Data;

/// <summary>
/// Labelled samples of one or several sources as a model's input, read when they are first wanted and then kept, as far as memory is
/// granted. Safe for several threads.
/// </summary>
internal sealed class SampleStore
{
    private const long MostBytes = 2L << 30;

    private readonly (IDataSource Source, int Index)[] _samples;
    private readonly ValueDescription _input;
    private readonly float[]?[] _kept;

    /// <param name="input">The model's input, of floats.</param>
    /// <param name="sources">Each with the samples of it that count; all when null.</param>
    /// <exception cref="UsageException">A source has no labels or does not fit the input, or there are no samples.</exception>
    public SampleStore(ValueDescription input, params IEnumerable<(IDataSource Source, IReadOnlyList<int>? Indices)> sources)
    {
        _input = input.ElementType == ElementType.Float
            ? input
            : throw new UsageException($"The input {input} is no float; only models on floats can be trained.");
        _samples = [.. sources.SelectMany(s => (s.Indices ?? [.. Enumerable.Range(0, s.Source.Count)]).Select(i => (s.Source, i)))];
        if (_samples.FirstOrDefault(s => !s.Source.HasLabels).Source is { } unlabelled)
        {
            throw new UsageException($"Training needs labels, but there are none in {unlabelled.Description}.");
        }

        if (_samples.Length == 0)
        {
            throw new UsageException("There are no samples to train on.");
        }

        SampleSize = [.. Read(0).Dims.Skip(1)];
        Length = checked((int)Tensor.ElementCount(SampleSize));
        var granted = MostBytes / (sizeof(float) * (long)Length);
        _kept = new float[Math.Min(granted, _samples.Length)][];
    }

    public int Count => _samples.Length;

    /// <summary>The size of one sample, without the batch: [C, H, W] or [H, W, C] of images.</summary>
    public IReadOnlyList<long> SampleSize { get; }

    /// <summary>Numbers in a sample.</summary>
    public int Length { get; }

    public int Label(int index) => _samples[index].Source.Label(_samples[index].Index);

    /// <summary>The numbers of one sample; not to be changed.</summary>
    public ReadOnlySpan<float> Sample(int index)
    {
        if (index < _kept.Length && _kept[index] is { } kept)
        {
            return kept;
        }

        var read = Read(index).ToFloats();
        if (index < _kept.Length)
        {
            _kept[index] = read;
        }

        return read;
    }

    private Tensor Read(int index) => _samples[index].Source.Read([_input], [_samples[index].Index])[_input.Name];
}
