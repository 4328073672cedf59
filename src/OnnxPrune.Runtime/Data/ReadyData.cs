using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Samples [N, ...] that are the model's input already: floats that nobody asked to normalize.</summary>
internal sealed class ReadyData(string origin, Tensor samples, int[]? labels) : IDataSource
{
    public string Description => string.Create(CultureInfo.InvariantCulture, $"{Count} samples of {samples} from {origin}, used as they are");

    public int Count { get; } = checked((int)samples.Dims[0]);

    public bool HasLabels => labels is not null;

    public int LargestBatch => int.MaxValue;

    public IReadOnlyList<string> Notes => ["The data are floats and were fed as they are; to treat them as pixels, give --normalize."];

    public int Label(int index) => labels![index];

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var input = SingleInput.Of(inputs, "one array");
        var batch = samples.Take(0, indices);
        if (Fits(input.Shape, batch.Dims))
        {
            return new Dictionary<string, Tensor> { [input.Name] = Convert(batch, input.ElementType) };
        }

        // Images in the other layout.
        if (batch.Rank == 4 && Permuted(batch, input.Shape) is { } permuted)
        {
            return new Dictionary<string, Tensor> { [input.Name] = Convert(permuted, input.ElementType) };
        }

        throw new UsageException($"The samples are {samples}, but the model's input is {input}.");
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

    private static Tensor? Permuted(Tensor batch, Shape shape)
    {
        int[] toLast = [0, 2, 3, 1];
        int[] toFirst = [0, 3, 1, 2];
        foreach (var order in (int[][])[toLast, toFirst])
        {
            if (Fits(shape, Array.ConvertAll(order, a => batch.Dims[a])))
            {
                return Transpose(batch, order);
            }
        }

        return null;
    }

    private static Tensor Transpose(Tensor batch, int[] order)
    {
        var values = batch.ToFloats();
        var dims = Array.ConvertAll(order, a => batch.Dims[a]);
        long[] strides = [batch.Dims[1] * batch.Dims[2] * batch.Dims[3], batch.Dims[2] * batch.Dims[3], batch.Dims[3], 1];
        var result = new float[values.Length];
        var at = 0;
        for (var n = 0L; n < dims[0]; n++)
        {
            for (var a = 0L; a < dims[1]; a++)
            {
                for (var b = 0L; b < dims[2]; b++)
                {
                    for (var c = 0L; c < dims[3]; c++)
                    {
                        result[at++] = values[(n * strides[0]) + (a * strides[order[1]]) + (b * strides[order[2]]) + (c * strides[order[3]])];
                    }
                }
            }
        }

        return Tensor.Of(result, dims);
    }
}
