using System.Numerics.Tensors;

namespace OnnxPrune.Quantization;

/// <summary>
/// Frequencies of numbers in a stream, by their size. Bins are as wide as a power of two and grow by merging neighbours, so that sums of
/// histograms do not depend on the order in which they are made. Not for several threads at once.
/// </summary>
internal sealed class ValueHistogram
{
    // At least half of them are used on the larger side, which is four bins for each of 256 steps.
    private const int Half = 2048;

    // Nothing above this is a number that a network means.
    private const int LargestExponent = 127;
    private const int SmallestExponent = -126;

    private const int Candidates = 100;

    private long[] _counts = new long[2 * Half];
    private int _exponent = SmallestExponent;

    /// <summary>The count of numbers, zeros included.</summary>
    public long Count { get; private set; }

    /// <summary>The number of zeros among them: they are represented exactly, whatever the scale.</summary>
    public long Zeros { get; private set; }

    public float Lowest { get; private set; }

    public float Highest { get; private set; }

    private double Width => Math.ScaleB(1, _exponent);

    /// <summary>Counts the numbers.</summary>
    /// <exception cref="UnsupportedModelException">One is not finite.</exception>
    public void Add(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        var (low, high) = (TensorPrimitives.Min(values), TensorPrimitives.Max(values));
        if (!float.IsFinite(low) || !float.IsFinite(high))
        {
            throw new UnsupportedModelException("The network computes numbers that are not finite on the calibration inputs.");
        }

        Reach(low, high);
        var scale = (float)Math.ScaleB(1, -_exponent);
        var zeros = 0L;
        var counts = _counts;
        foreach (var value in values)
        {
            if (value == 0)
            {
                zeros++;
            }
            else
            {
                counts[Math.Min((int)((value * scale) + Half), counts.Length - 1)]++;
            }
        }

        Zeros += zeros;
        Count += values.Length;
    }

    /// <summary>Adds what another one has counted, and leaves that unchanged apart from the width of its bins.</summary>
    public void Add(ValueHistogram other)
    {
        Reach(other.Lowest, other.Highest);
        other.Widen(_exponent);
        Widen(other._exponent);
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        Zeros += other.Zeros;
    }

    /// <summary>
    /// The parameters with the smallest squared error: of all ranges between the whole and a few hundredths of it, rounding costs step²/12
    /// for each number inside, and clipping what the others are beyond it.
    /// </summary>
    public QuantizationParameters Best(QuantizationScheme scheme)
    {
        var best = QuantizationParameters.ForRange(Lowest, Highest, scheme);
        var least = Error(best, scheme);
        for (var i = Candidates - 1; i > 0; i--)
        {
            var share = (double)i / Candidates;
            foreach (var (low, high) in new[] { (Lowest * share, Highest * share), (Lowest, Highest * share), (Lowest * share, Highest) })
            {
                var candidate = QuantizationParameters.ForRange(low, high, scheme);
                if (Error(candidate, scheme) is var error && error < least)
                {
                    (best, least) = (candidate, error);
                }
            }
        }

        return best;
    }

    /// <summary>The expected sum of squared errors.</summary>
    private double Error(QuantizationParameters parameters, QuantizationScheme scheme)
    {
        var (low, high, width) = (parameters.Low(scheme), parameters.High(scheme), Width);
        var rounding = (double)parameters.Scale * parameters.Scale / 12;
        var error = 0.0;
        for (var i = Bin(Lowest); i <= Bin(Highest); i++)
        {
            if (_counts[i] > 0)
            {
                var centre = (i - Half + 0.5) * width;
                var beyond = Math.Max(Math.Max(low - centre, centre - high), 0);
                error += _counts[i] * Math.Max(rounding, beyond * beyond);
            }
        }

        return error;
    }

    // The sum may round up to the number of bins.
    private int Bin(float value) => Math.Min((int)((value * (float)Math.ScaleB(1, -_exponent)) + Half), _counts.Length - 1);

    private void Reach(float low, float high)
    {
        (Lowest, Highest) = (Math.Min(Lowest, low), Math.Max(Highest, high));
        var largest = Math.Max(-Lowest, Highest);
        if (largest > 0)
        {
            Widen(Math.Clamp(Math.ILogB(largest) + 1 - Math.ILogB(Half), SmallestExponent, LargestExponent));
        }
    }

    private void Widen(int exponent)
    {
        if (exponent <= _exponent)
        {
            return;
        }

        // A number of bin b lies in bin ⌊b / 2ⁿ⌋ then, counted from zero.
        var shift = Math.Min(exponent - _exponent, 30);
        var wide = new long[_counts.Length];
        for (var i = 0; i < _counts.Length; i++)
        {
            wide[((i - Half) >> shift) + Half] += _counts[i];
        }

        (_counts, _exponent) = (wide, exponent);
    }
}
