namespace OnnxPrune.Quantization;

/// <summary>
/// The map from numbers to integers: q = round(x / Scale) + ZeroPoint, saturated to the type's bounds, or to <paramref name="Most"/>.
/// </summary>
/// <param name="Most">The largest integer, where fewer bits are taken than the type has; null for the type's own.</param>
internal readonly record struct QuantizationParameters(float Scale, int ZeroPoint, int? Most = null)
{
    // Below this, quotients by a scale are no longer normal numbers.
    private const float SmallestScale = 1e-30f;

    /// <summary>The parameters that cover a range, with zero among it, by all integers of a scheme.</summary>
    public static QuantizationParameters ForRange(double low, double high, QuantizationScheme scheme)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        if (scheme.IsSymmetric)
        {
            return new QuantizationParameters(Usable(Math.Max(-low, high) / scheme.Highest), 0);
        }

        var scale = Usable((high - low) / (scheme.Highest - scheme.Lowest));
        var zero = scheme.Lowest - (int)Math.Round(low / scale);
        return new QuantizationParameters(scale, Math.Clamp(zero, scheme.Lowest, scheme.Highest));
    }

    /// <summary>The smallest number that does not saturate.</summary>
    public double Low(QuantizationScheme scheme) => (double)Scale * (scheme.Lowest - ZeroPoint);

    /// <summary>The largest number that does not saturate.</summary>
    public double High(QuantizationScheme scheme) => (double)Scale * ((Most ?? scheme.Highest) - ZeroPoint);

    // A value that is always zero is represented by any scale.
    private static float Usable(double scale) => scale > SmallestScale ? (float)scale : 1;
}
