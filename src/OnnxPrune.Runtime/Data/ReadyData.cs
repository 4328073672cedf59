using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Samples [N, ...] that are the model's input already: floats or booleans that nobody asked to normalize.</summary>
internal sealed class ReadyData : IDataSource
{
    private static readonly int[] s_toLast = [0, 2, 3, 1];
    private static readonly int[] s_toFirst = [0, 3, 1, 2];

    private readonly string _origin;
    private readonly Tensor _samples;
    private readonly int[]? _labels;
    private readonly bool _wasAsked;
    private readonly NumberRange _range;

    /// <param name="wasAsked">Whether somebody said that the numbers are to be fed as they are.</param>
    /// <exception cref="UsageException">A sample is not finite.</exception>
    public ReadyData(string origin, Tensor samples, int[]? labels, bool wasAsked = false)
    {
        (_origin, _samples, _labels, _wasAsked) = (origin, samples, labels, wasAsked);
        _range = NumberRange.Of(origin, samples);
        Count = checked((int)samples.Dims[0]);
    }

    public string Description =>
        string.Create(CultureInfo.InvariantCulture, $"{Count} samples of {_samples} from {_origin}, used as they are");

    public int Count { get; }

    public bool HasLabels => _labels is not null;

    public int LargestBatch => int.MaxValue;

    public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) =>
        [
            .. inputs.Count == 1 ? LayoutNotes(inputs[0]) : [],
            .. _wasAsked
                ? []
                : (string[])[$"The data are {Kind} ({_range}) and were fed as they are; to treat them as pixels, give --normalize."]
        ];

    private string Kind => _samples.ElementType == ElementType.Bool ? "booleans" : "floats";

    public int Label(int index) => _labels![index];

    /// <summary>The change of layout for an input, as a sentence; nothing where they have it already.</summary>
    internal IReadOnlyList<string> LayoutNotes(ValueDescription input)
    {
        if (Fits(input.Shape, _samples.Dims) || OrderFor(input.Shape) is not { } order)
        {
            return [];
        }

        var (from, to) = order == s_toFirst ? ("last", "first") : ("first", "last");
        return [$"The samples of {_origin} are {_samples}, and the model's input is {input}: they were taken to have their channels "
            + $"{from}, and were turned to channels {to}."];
    }

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var input = SingleInput.Of(inputs, "one array");
        var batch = _samples.Take(0, indices);
        if (Fits(input.Shape, batch.Dims))
        {
            return new Dictionary<string, Tensor> { [input.Name] = Convert(batch, input.ElementType) };
        }

        // Images in the other layout.
        if (OrderFor(input.Shape) is { } order)
        {
            return new Dictionary<string, Tensor> { [input.Name] = Convert(batch.Transpose(order), input.ElementType) };
        }

        throw new UsageException($"The samples are {_samples}, but the model's input is {input}.");
    }

    /// <summary>Numbers that are no pixels go from black to white by the range of all samples.</summary>
    public SamplePicture? Picture(IReadOnlyList<ValueDescription> inputs, int index)
    {
        var sample = _samples.Take(0, [index]);
        if ((long[])[.. _samples.Dims] is [_, > 1, > 1, 1 or 3])
        {
            sample = sample.Transpose(s_toFirst);
        }

        var (black, white) = _range.IsUnit ? (0, 1) : _range.IsBytes ? (0, byte.MaxValue) : (_range.Least, _range.Most);
        return (long[])[.. sample.Dims] is [_, 1 or 3, > 1 and var height, > 1 and var width] && white > black
            ? SamplePicture.Of(sample.ToFloats(), (int)sample.Dims[1], (int)height, (int)width, black, white)
            : null;
    }

    private static Tensor Convert(Tensor batch, ElementType type) =>
        batch.ElementType == type ? batch : NumberConversion.ToTensor(type, [.. batch.Dims], batch.ToFloats());

    private static bool Fits(Shape shape, IReadOnlyList<long> dims)
    {
        if (shape.Rank != dims.Count)
        {
            return false;
        }

        for (var i = 1; i < dims.Count; i++)
        {
            if (shape[i].Size is { } size && size != dims[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The order of the samples' axes that fits; null where no other layout of images does.</summary>
    private int[]? OrderFor(Shape shape) => _samples.Rank == 4
        ? Array.Find([s_toLast, s_toFirst], order => Fits(shape, Array.ConvertAll(order, a => _samples.Dims[a])))
        : null;
}
