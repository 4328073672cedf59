using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Data;

/// <summary>ONNX's test data: folders with input_0.pb, input_1.pb, ..., one tensor each. Every folder is one set of inputs.</summary>
internal sealed class OnnxTestData : IDataSource
{
    private readonly List<(string Name, Tensor Tensor)[]> _sets = [];
    private readonly string _path;
    private readonly Normalization? _ignored;

    /// <param name="ignored">The normalization that was asked for, which such data do not have.</param>
    /// <exception cref="UsageException">A folder lacks input_0.pb, a file holds no tensor, or a sample is not finite.</exception>
    public OnnxTestData(string path, IReadOnlyList<string> folders, Normalization? ignored)
    {
        (_path, _ignored) = (path, ignored);
        foreach (var folder in folders.Order(NumericOrder))
        {
            _sets.Add(ReadSet(folder));
        }
    }

    // test_data_set_10 comes after test_data_set_9.
    private static readonly Comparer<string> NumericOrder = Comparer<string>.Create(
        (a, b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b));

    public string Description =>
        string.Create(CultureInfo.InvariantCulture, $"{Count} set{(Count == 1 ? "" : "s")} of ONNX test data from '{_path}'");

    public int Count => _sets.Count;

    public bool HasLabels => false;

    public int LargestBatch => 1;

    public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => Normalization.NotesOfIgnored(_ignored, _path);

    public int Label(int index) => throw new InvalidOperationException("ONNX test data have no labels.");

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var set = _sets[indices[0]];
        if (indices.Length != 1 || set.Length != inputs.Count)
        {
            throw new UsageException(
                $"'{_path}' has {set.Length} inputs, but the model wants {inputs.Count}: {string.Join(", ", inputs)}.");
        }

        // By the names that the files carry where those are the model's, else in their order.
        var named = set.Select(s => s.Name).Distinct().Count() == set.Length && set.All(s => inputs.Any(i => i.Name == s.Name));
        return inputs.Select((input, i) => (input.Name, Tensor: named ? Array.Find(set, s => s.Name == input.Name).Tensor : set[i].Tensor))
            .ToDictionary(p => p.Name, p => p.Tensor);
    }

    private static (string, Tensor)[] ReadSet(string folder)
    {
        var set = new List<(string Name, Tensor Tensor)>();
        while (Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"input_{set.Count}.pb")) is var file && File.Exists(file))
        {
            var (name, tensor) = TensorFile.Read(file);
            if (tensor.ElementType.IsFloatingPoint())
            {
                NumberRange.Of($"'{file}'", tensor);
            }

            set.Add((name, tensor));
        }

        return set switch
        {
            [] => throw new UsageException($"'{folder}' holds no input_0.pb."),
            [{ Tensor: { Rank: > 0, Count: 0 } empty }, ..] =>
                throw new UsageException($"'{Path.Combine(folder, "input_0.pb")}' holds no samples: its tensor is {empty}."),
            _ => [.. set],
        };
    }
}
