using System.Globalization;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// The map from the pixels of an image to a model's input: (pixel · <see cref="Scale"/> − mean) / std, channel by channel in RGB order.
/// </summary>
/// <param name="Name">As it was asked for, for reports.</param>
/// <param name="Scale">What a pixel of 0..255 is multiplied with first: 1/255, or 1 for <c>none</c>.</param>
/// <param name="Mean">One per channel, or one for all; in units of the scaled pixel.</param>
/// <param name="Std">As many as <paramref name="Mean"/>; above 0.</param>
internal sealed record Normalization(string Name, float Scale, IReadOnlyList<float> Mean, IReadOnlyList<float> Std)
{
    private const float ToUnit = 1f / 255;

    /// <summary>0..1, the default.</summary>
    public static Normalization Unit { get; } = new("unit", ToUnit, [0], [1]);

    /// <summary>Numbers as they are.</summary>
    public static Normalization None { get; } = new("none", 1, [0], [1]);

    /// <summary>Understands <c>imagenet</c>, <c>cifar10</c>, <c>unit</c>, <c>none</c> and <c>mean=a,b,c;std=a,b,c</c>.</summary>
    /// <exception cref="UsageException">The text is none of these.</exception>
    public static Normalization Parse(string text) => text.Trim().ToLowerInvariant() switch
    {
        "imagenet" => new("imagenet", ToUnit, [.485f, .456f, .406f], [.229f, .224f, .225f]),
        "cifar10" => new("cifar10", ToUnit, [.4914f, .4822f, .4465f], [.2023f, .1994f, .2010f]),
        "unit" => Unit,
        "none" => None,
        var other => ParseNumbers(other),
    };

    /// <summary>The message where data are no pixels and a normalization was asked for.</summary>
    internal static IReadOnlyList<string> NotesOfIgnored(Normalization? asked, string path) =>
        asked is null
            || asked == None
                ? []
                : [$"--normalize {asked.Name} is for pixels; the arrays of '{path}' are inputs already and were fed as they are."];

    /// <exception cref="UsageException">The images have another number of channels than the normalization has means.</exception>
    internal (float Scale, float Shift) ForChannel(int channel, int channels)
    {
        if (Mean.Count != 1 && Mean.Count != channels)
        {
            throw new UsageException($"--normalize {Name} has {Mean.Count} means, but the images have {Count(channels)}.");
        }

        var at = Mean.Count == 1 ? 0 : channel;
        return (Scale / Std[at], -Mean[at] / Std[at]);
    }

    private static string Count(int channels) =>
        channels == 1 ? "1 channel" : string.Create(CultureInfo.InvariantCulture, $"{channels} channels");

    private static Normalization ParseNumbers(string text)
    {
        float[]? mean = null, std = null;
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.StartsWith("mean=", StringComparison.Ordinal))
            {
                mean = Numbers(part[5..]);
            }
            else if (part.StartsWith("std=", StringComparison.Ordinal))
            {
                std = Numbers(part[4..]);
            }
            else
            {
                throw Unknown(text);
            }
        }

        if (mean is null && std is null)
        {
            throw Unknown(text);
        }

        mean ??= new float[std!.Length];
        std ??= Array.ConvertAll(mean, _ => 1f);
        if (mean.Length != std.Length || Array.Exists(std, s => s <= 0))
        {
            throw new UsageException($"--normalize {text}: give as many deviations as means, all above 0.");
        }

        return new Normalization(text, ToUnit, mean, std);
    }

    private static float[] Numbers(string text) => Array.ConvertAll(text.Split(','), t =>
        float.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
            ? number
            : throw new UsageException($"--normalize: '{t}' is no number."));

    private static UsageException Unknown(string text) => new(
        $"--normalize {text} is unknown; choose imagenet, cifar10, unit, none or mean=a,b,c;std=a,b,c.");
}
