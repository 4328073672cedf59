using OnnxPrune.Channels;

namespace OnnxPrune.Planning;

/// <summary>
/// Which channel counts a cut may leave: multiples that the runtime's kernels are built for. A count that the input already had may
/// stay as it is.
/// </summary>
/// <param name="Multiple">The multiple of every axis.</param>
/// <param name="Narrowest">Narrow groups may use halves of the multiple down to this: they could not be cut at all otherwise.</param>
/// <param name="FewestSteps">A group counts as narrow when it has fewer multiples than this.</param>
internal sealed record Rounding(int Multiple, int Narrowest, int FewestSteps)
{
    /// <summary>One multiple for all.</summary>
    public Rounding(int multiple)
        : this(multiple, multiple, 1)
    {
    }

    /// <summary>For cuts that are ranked without looking at what they do: no count below 8, where time is hardly saved.</summary>
    public static Rounding Automatic(int multiple) => new(multiple, Math.Min(multiple, 8), 4);

    /// <summary>
    /// For cuts whose effect is measured: down to 4, the least that ONNX Runtime's blocked convolutions take as input. A ResNet-56 that
    /// was calibrated so was as fast and more accurate than in steps of 8.
    /// </summary>
    public static Rounding Measured(int multiple) => new(multiple, Math.Min(multiple, 4), 16);

    /// <summary>The kept counts that are allowed for a group, from all its channels down to the smallest.</summary>
    public IReadOnlyList<int> Counts(ChannelGroup group)
    {
        var count = group.Channels.Count;
        var multiple = Multiple;
        while (multiple > Narrowest && multiple % 2 == 0 && count < FewestSteps * multiple)
        {
            multiple /= 2;
        }

        var step = group.Axes.Aggregate(1, (s, axis) => Lcm(s, multiple / Gcd(multiple, Math.Max(1, axis.Multiplicity))));
        var counts = new List<int> { count };
        for (var k = (count - 1) / step * step; k >= step; k -= step)
        {
            counts.Add(k);
        }

        return counts;
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    private static int Lcm(int a, int b) => a / Gcd(a, b) * b;
}
