using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>
/// The rows of a regression [G, N·S, C/G·K], gathered from a value of one batch at sampled positions: one per sample and position, with all
/// elements under the window there (the sampled part of im2col; Chellapilla et al. 2006).
/// </summary>
internal sealed class SampledRows
{
    // What is written of a row before the next one's turn: rows lie so far apart that less would fetch the same line of the cache again and
    // again.
    private const int ElementsAtOnce = 32;

    // Batches are alike: the memory serves for the next one.
    private float[] _memory = [];

    public int Groups { get; private set; }

    /// <summary>N·S: the rows of each group.</summary>
    public int Count { get; private set; }

    /// <summary>C/G·K: the elements of a row, those of a channel side by side.</summary>
    public int Width { get; private set; }

    /// <summary>The rows of one group after the other.</summary>
    public ReadOnlySpan<float> Values => _memory.AsSpan(0, Groups * Count * Width);

    /// <param name="value">[N, C, D...], or [N, D..., C] with the channels last; of any floating-point type.</param>
    /// <param name="chosen">The channels that are gathered; null for all. Only with one group.</param>
    /// <param name="positions">Flat positions in its map [S · K], window after window; negative ones, where it is padded, give
    /// zeros.</param>
    public void Gather(OrtValue value, bool channelsLast, int groups, IReadOnlyList<int>? chosen, long[] positions, int taps)
    {
        var type = value.GetTensorTypeAndShape();
        var (shape, converted) = (type.Shape, type.ElementDataType == TensorElementType.Float ? null : Array.ConvertAll(
            RuntimeTensor.ToTensor(value, "an activation").ToDoubles(), d => (float)d));
        var (images, samples) = ((int)shape[0], positions.Length / taps);
        var channels = (int)(channelsLast ? shape[^1] : shape[1]);
        var area = (int)(type.ElementCount / Math.Max(1, images * channels));
        (Groups, Count, Width) = (groups, images * samples, (chosen?.Count ?? (channels / groups)) * taps);
        if (_memory.Length < groups * Count * Width)
        {
            _memory = GC.AllocateUninitializedArray<float>(groups * Count * Width);
        }

        Parallel.For(0, images, n =>
        {
            var image = (converted ?? value.GetTensorDataAsSpan<float>()).Slice(n * channels * area, channels * area);
            if (channelsLast)
            {
                GatherPoints(image, n * samples, positions, channels, chosen);
            }
            else
            {
                GatherWindows(image, n * samples, positions, taps, area, chosen);
            }
        });
    }

    /// <summary>Takes the other rows from these.</summary>
    public void Subtract(SampledRows others) => TensorPrimitives.Subtract(Values, others.Values, _memory.AsSpan(0, Values.Length));

    /// <summary>The values without a copy, for ONNX Runtime; the caller disposes them before rows are gathered again.</summary>
    public OrtValue ToOrtValue() =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _memory.AsMemory(0, Values.Length), [Groups, Count, Width]);

    /// <summary>The sum of all rows of each group [G, C/G·K].</summary>
    public float[] Sums()
    {
        var sums = new float[Groups * Width];
        for (var row = 0; row < Groups * Count; row++)
        {
            var sum = sums.AsSpan(row / Count * Width, Width);
            TensorPrimitives.Add(sum, Values.Slice(row * Width, Width), sum);
        }

        return sums;
    }

    /// <summary>Σ v² over the rows of a group.</summary>
    public double SumOfSquares(int group) => TensorPrimitives.SumOfSquares(Values.Slice(group * Count * Width, Count * Width));

    private void GatherWindows(
        ReadOnlySpan<float> image, int firstRow, ReadOnlySpan<long> positions, int taps, int area, IReadOnlyList<int>? chosen)
    {
        var ofGroup = Width / taps;
        var atOnce = Math.Max(1, ElementsAtOnce / taps);
        for (var group = 0; group < Groups; group++)
        {
            for (var first = 0; first < ofGroup; first += atOnce)
            {
                var count = Math.Min(atOnce, ofGroup - first);
                for (var s = 0; s < positions.Length / taps; s++)
                {
                    var row = _memory.AsSpan((((group * Count) + firstRow + s) * Width) + (first * taps), count * taps);
                    GatherWindow(image, (group * ofGroup) + first, positions.Slice(s * taps, taps), area, chosen, row);
                }
            }
        }
    }

    /// <summary>The elements of some channels in a row under one window.</summary>
    private static void GatherWindow(
        ReadOnlySpan<float> image, int firstChannel, ReadOnlySpan<long> window, int area, IReadOnlyList<int>? chosen, Span<float> row)
    {
        for (var channel = firstChannel; row.Length > 0; channel++)
        {
            var map = image.Slice((chosen?[channel] ?? channel) * area, area);
            for (var k = 0; k < window.Length; k++)
            {
                var position = (int)window[k];
                row[k] = position < 0 ? 0 : map[position];
            }

            row = row[window.Length..];
        }
    }

    private void GatherPoints(
        ReadOnlySpan<float> image, int firstRow, ReadOnlySpan<long> positions, int channels, IReadOnlyList<int>? chosen)
    {
        for (var group = 0; group < Groups; group++)
        {
            for (var s = 0; s < positions.Length; s++)
            {
                var to = _memory.AsSpan(((group * Count) + firstRow + s) * Width, Width);
                var point = image.Slice((int)positions[s] * channels, channels);
                if (chosen is null)
                {
                    point.Slice(group * Width, Width).CopyTo(to);
                    continue;
                }

                for (var i = 0; i < Width; i++)
                {
                    to[i] = point[chosen[i]];
                }
            }
        }
    }
}
