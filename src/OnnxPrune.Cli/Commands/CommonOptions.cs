using System.CommandLine;
using System.Globalization;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Commands;

/// <summary>Options that several commands have, and how their text is read.</summary>
internal static class CommonOptions
{
    /// <summary>What <c>--resize</c> does, for the help of the commands that have it.</summary>
    public const string ResizeMeaning = "resize images in folders until the shorter side has N pixels, and cut their middle to the model's size; default: they have it already";

    /// <summary>What <c>--normalize</c> does, likewise.</summary>
    public const string NormalizeMeaning = "how pixels become inputs: imagenet, cifar10, unit (0..1, the default), none (numbers as they are, of images 0..255) or mean=a,b,c;std=a,b,c";

    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "say nothing but errors" };

    public static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "say more: phases and their times, whole lists" };

    public static Argument<string> Model(string name, string description) => new(name) { Description = description };

    public static Option<string> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    public static Terminal Terminal(this ParseResult parsed) => new(parsed.GetValue(Quiet) && !parsed.GetValue(Verbose), parsed.GetValue(Verbose));

    /// <summary>What <c>--normalize</c> says, unchanged, once it is understood; whether there are data to normalize or not.</summary>
    /// <exception cref="UsageException">It is unknown.</exception>
    public static string? Normalization(string? text)
    {
        if (text is not null)
        {
            Runtime.Data.Normalization.Parse(text);
        }

        return text;
    }

    /// <exception cref="UsageException">The text is no whole number of at least <paramref name="smallest"/>.</exception>
    public static int? Whole(string option, string? text, int smallest) => text is null
        ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= smallest
            ? number
            : throw new UsageException($"{option} {text}: give a whole number of at least {smallest}.");

    /// <exception cref="UsageException">The text is no number above 0.</exception>
    public static double? Positive(string option, string? text) => text is null
        ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number > 0
            ? number
            : throw new UsageException($"{option} {text}: give a number above 0, such as 0.05.");
}
