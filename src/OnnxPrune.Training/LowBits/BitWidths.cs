using System.Globalization;

namespace OnnxPrune.Training.LowBits;

/// <summary>The bits that a network's numbers take after training.</summary>
/// <param name="Weights">2 to 8.</param>
/// <param name="Activations">2 to 8; null for floats.</param>
internal sealed record BitWidths(int Weights, int? Activations)
{
    /// <summary>The bits of a byte.</summary>
    public const int Most = 8;

    private const int Least = 2;

    /// <param name="text">Such as <c>w=4,a=8</c> or <c>w=3,a=float</c>; without <c>a</c>, activations take 8.</param>
    /// <exception cref="UsageException">It is nothing of the kind.</exception>
    public static BitWidths Parse(string text)
    {
        int? weights = null, activations = Most;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            switch (part.Split('=', StringSplitOptions.TrimEntries))
            {
                case ["w", var bits]:
                    weights = Number(bits);
                    break;
                case ["a", "float"]:
                    activations = null;
                    break;
                case ["a", var bits]:
                    activations = Number(bits);
                    break;
                default:
                    throw Wrong();
            }
        }

        return new BitWidths(weights ?? throw Wrong(), activations);

        int Number(string bits) =>
            int.TryParse(bits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= Least and <= Most
                ? number
                : throw Wrong();

        UsageException Wrong() => new(
            $"--bits {text}: give the bits of weights, {Least} to {Most}, and of activations, {Least} to {Most} or float, such as "
                + "w=4,a=8.");
    }

    public override string ToString() => $"w={Weights},a={Activations?.ToString(CultureInfo.InvariantCulture) ?? "float"}";
}
