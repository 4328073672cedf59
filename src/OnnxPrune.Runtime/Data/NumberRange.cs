using System.Globalization;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>From where to where the numbers of some samples go.</summary>
/// <param name="AreWhole">Whether there is no fraction among them.</param>
internal readonly record struct NumberRange(float Least, float Most, bool AreWhole)
{
    // What arithmetic in single precision adds to 0..1.
    private const float Rounding = 1e-3f;

    // Not even photographs of the night stay below an eighth of the range; deviations from a mean do.
    private const float DarkestOfBytes = 32;

    /// <summary>True if they can be pixels of 0..1.</summary>
    public bool IsUnit => Least >= -Rounding && Most <= 1 + Rounding;

    /// <summary>True if they can be pixels of 0..255.</summary>
    public bool IsBytes => Least >= 0 && Most <= byte.MaxValue && (AreWhole || Most >= DarkestOfBytes);

    /// <summary>The range of samples [N, ...].</summary>
    /// <param name="origin">What messages call the data.</param>
    /// <exception cref="UsageException">A number is NaN or infinite, or is in single precision; the message names the sample.</exception>
    public static NumberRange Of(string origin, Tensor samples)
    {
        var range = new NumberRange(float.PositiveInfinity, float.NegativeInfinity, true);
        var count = samples.Rank == 0 ? 1 : (int)samples.Dims[0];
        for (var i = 0; i < count; i++)
        {
            range = range.With(Sample(samples, i), i, origin);
        }

        return range;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Least:0.###} to {Most:0.###}");

    private static ReadOnlySpan<float> Sample(Tensor samples, int index)
    {
        if (samples.Rank == 0)
        {
            return samples.ToFloats();
        }

        var length = (int)(samples.Count / samples.Dims[0]);
        return samples.ElementType == ElementType.Float
            ? samples.As<float>().Slice(index * length, length)
            : samples.Take(0, [index]).ToFloats();
    }

    private NumberRange With(ReadOnlySpan<float> numbers, int sample, string origin)
    {
        var (least, most, areWhole) = this;
        foreach (ref readonly var number in numbers)
        {
            if (!float.IsFinite(number))
            {
                throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The data cannot be used: sample {sample} of {origin} is not finite, it holds {number}; mend it or leave it out "
                        + $"(samples are counted from 0)."));
            }

            (least, most) = (Math.Min(least, number), Math.Max(most, number));
            areWhole &= number == MathF.Floor(number);
        }

        return new NumberRange(least, most, areWhole);
    }
}
