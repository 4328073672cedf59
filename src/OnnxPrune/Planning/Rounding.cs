using OnnxPrune.Channels;

namespace OnnxPrune.Planning;

/// <summary>
/// Which channel counts a cut may leave: multiples that the runtime's kernels are built for. A count that the input already had may
/// stay as it is.
/// </summary>
/// <param name="Multiple">The multiple of every axis.</param>
/// <param name="IsAuto">
/// Narrow groups may use halves of the multiple, down to 4, the least that ONNX Runtime's blocked convolutions take as input: they
/// could hardly be cut otherwise, and a step of half a layer costs more accuracy than a padded block costs time.
/// </param>
public sealed record Rounding(int Multiple, bool IsAuto = false)
{
    private const int SmallestAutomatic = 4;
    private const int FewestSteps = 8;

    /// <summary>The kept counts that are allowed for a group, from all its channels down to the smallest.</summary>
    public IReadOnlyList<int> Counts(ChannelGroup group)
    {
        var count = group.Channels.Count;
        var multiple = Multiple;
        while (IsAuto && multiple > SmallestAutomatic && multiple % 2 == 0 && count < FewestSteps * multiple)
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
