using System.Numerics;
using System.Runtime.InteropServices;
using OnnxPrune.Algebra;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Repair;

/// <summary>
/// A layer's weight without the channels that leave, which others make up for: W[outputs, inputs], where
/// W[:, kept] += W[:, gone] · shares. Works on some outputs at a time, and on those only that stay.
/// </summary>
/// <param name="weight">[M, C, k...] or, of a Gemm, in either order of its axes: as it was before the cut.</param>
/// <param name="outputs">The outputs that stay.</param>
/// <param name="inputs">The input channels that stay.</param>
/// <param name="kept">Those of them that take others over.</param>
/// <param name="gone">The input channels that are taken over.</param>
/// <param name="shares">[gone, kept].</param>
internal sealed class FoldedWeight(
    Tensor weight, WeightLayout layout, Keep outputs, Keep inputs, int[] kept, int[] gone, double[] shares)
{
    // Rows of a product: some outputs, each with all its taps.
    private const int RowsOfBlock = 64;

    private readonly int _taps = checked((int)weight.Dims.Skip(2).Aggregate(1L, (a, d) => a * d));

    public Tensor ToTensor() => weight.ElementType switch
    {
        ElementType.Float => Of<float>(weight),
        ElementType.Double => Of<double>(weight),
        var type => Of<float>(weight.WithType(ElementType.Float)).WithType(type),
    };

    private Tensor Of<T>(Tensor source) where T : unmanaged, INumberBase<T>
    {
        long[] dims = [.. source.Dims];
        (dims[layout.OutputAxis], dims[layout.InputAxis]) = (outputs.Count, inputs.Count);
        var result = LargeArray.Allocate(checked((int)Tensor.ElementCount(dims) * source.ElementType.SizeInBytes()));
        var (from, to) = (Strides.Of(source.Dims, layout, _taps), Strides.Of(dims, layout, _taps));
        var outputsOfBlock = Math.Max(1, RowsOfBlock / _taps);
        Parallel.For(0, (outputs.Count + outputsOfBlock - 1) / outputsOfBlock, block =>
        {
            var first = block * outputsOfBlock;
            var own = outputs.Span.Slice(first, Math.Min(outputsOfBlock, outputs.Count - first));
            var part = MemoryMarshal.Cast<byte, T>(result.AsSpan())[(first * to.Output)..];
            Take(source.As<T>(), from, own, part, to);
            Fold(source.As<T>(), from, own, part, to);
        });
        return new Tensor(source.ElementType, dims, result);
    }

    /// <summary>Copies what stays.</summary>
    private void Take<T>(ReadOnlySpan<T> source, Strides from, ReadOnlySpan<int> own, Span<T> result, Strides to)
    {
        for (var o = 0; o < own.Length; o++)
        {
            for (var i = 0; i < inputs.Count; i++)
            {
                source.Slice(from.Place(own[o], inputs[i]), _taps).CopyTo(result[to.Place(o, i)..]);
            }
        }
    }

    /// <summary>Adds what stands for the channels that leave.</summary>
    private void Fold<T>(ReadOnlySpan<T> source, Strides from, ReadOnlySpan<int> own, Span<T> result, Strides to)
        where T : INumberBase<T>
    {
        var rows = own.Length * _taps;
        var (leaving, added) = (new double[rows * gone.Length], new double[rows * kept.Length]);
        for (var o = 0; o < own.Length; o++)
        {
            for (var j = 0; j < gone.Length; j++)
            {
                var at = from.Place(own[o], gone[j]);
                for (var t = 0; t < _taps; t++)
                {
                    leaving[(((o * _taps) + t) * gone.Length) + j] = double.CreateTruncating(source[at + t]);
                }
            }
        }

        DenseKernels.AddProduct(
            new DenseBlock(leaving, gone.Length), new DenseBlock(shares, kept.Length), new DenseBlock(added, kept.Length),
            rows, gone.Length, kept.Length);
        for (var (i, k) = (0, 0); k < kept.Length; i++)
        {
            if (inputs[i] != kept[k])
            {
                continue;
            }

            for (var o = 0; o < own.Length; o++)
            {
                var at = to.Place(o, i);
                for (var t = 0; t < _taps; t++)
                {
                    var sum = double.CreateTruncating(result[at + t]) + added[(((o * _taps) + t) * kept.Length) + k];
                    result[at + t] = T.CreateTruncating(sum);
                }
            }

            k++;
        }
    }

    /// <summary>Elements from one output, and from one input, to the next.</summary>
    private readonly record struct Strides(int Output, int Input)
    {
        public static Strides Of(IReadOnlyList<long> dims, WeightLayout layout, int taps) =>
            layout.OutputAxis == 0 ? new((int)dims[1] * taps, taps) : new(taps, (int)dims[1] * taps);

        public int Place(int output, int input) => (output * Output) + (input * Input);
    }
}
