using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>One array [N, ...] for each input of a model, called like the input.</summary>
internal sealed class NamedArrays : IDataSource
{
    private readonly string _path;
    private readonly int[]? _labels;
    private readonly Normalization? _ignored;
    private readonly Dictionary<string, ReadyData> _arrays;

    /// <param name="ignored">The normalization that was asked for, which such data do not have.</param>
    /// <exception cref="UsageException">The arrays differ in their number of samples, or a sample is not finite.</exception>
    public NamedArrays(string path, IReadOnlyDictionary<string, Tensor> arrays, int[]? labels, Normalization? ignored)
    {
        (_path, _labels, _ignored) = (path, labels, ignored);
        var counts = arrays.Select(a => a.Value is { Rank: > 0 } array ? array.Dims[0] : 0).Distinct().ToArray();
        if (counts is not [> 0 and <= int.MaxValue and var count])
        {
            throw new UsageException(
                $"'{path}' holds {string.Join(", ", arrays.Select(a => $"'{a.Key}' ({a.Value})"))}; as inputs of a model they need one "
                    + "first dimension, that of the samples.");
        }

        Count = (int)count;
        _arrays = arrays.ToDictionary(
            a => a.Key, a => new ReadyData($"'{path}' ('{a.Key}')", a.Value, null), StringComparer.OrdinalIgnoreCase);
    }

    public string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{Count} samples for the inputs {string.Join(", ", _arrays.Keys.Select(k => $"'{k}'"))} from '{_path}', used as they are");

    public int Count { get; }

    public bool HasLabels => _labels is not null;

    public int LargestBatch => int.MaxValue;

    public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) =>
        [.. inputs.SelectMany(
            i => _arrays.TryGetValue(i.Name, out var array) ? array.LayoutNotes(i) : []), .. Normalization.NotesOfIgnored(_ignored, _path)];

    public int Label(int index) => _labels![index];

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var batch = new Dictionary<string, Tensor>();
        foreach (var input in inputs)
        {
            batch[input.Name] = _arrays.TryGetValue(input.Name, out var array)
                ? array.Read([input], indices)[input.Name]
                : throw new UsageException(
                    $"'{_path}' holds the arrays {string.Join(", ", _arrays.Keys.Select(k => $"'{k}'"))}; name each like an input of the "
                        + $"model ({string.Join(", ", inputs.Select(i => i.Name))}), or the samples of a single input 'x' or 'images' and "
                        + "the labels 'y' or 'labels'.");
        }

        return batch;
    }
}
