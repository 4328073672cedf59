using System.CommandLine;
using System.Globalization;
using OnnxPrune.Cli.Configuration;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Commands;

/// <summary>Options that several commands have, and how their text is read.</summary>
internal static class CommonOptions
{
    /// <summary>Help of <c>--resize</c>, for the pages of the commands that have it.</summary>
    public const string ResizeMeaning =
        "resize images in folders until the shorter side has N pixels, and cut their middle to the model's size; default: they have it "
            + "already";

    /// <summary>Help of <c>--normalize</c>, likewise.</summary>
    public const string NormalizeMeaning =
        "how pixels become inputs: imagenet, cifar10, unit (0..1, the default), none (numbers as they are, of images 0..255) or "
            + "mean=a,b,c;std=a,b,c";

    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "say nothing but errors" };

    public static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "say more: phases and their times, whole lists" };

    /// <summary>Options that every command has, of what it says.</summary>
    public static readonly IReadOnlyList<Option> OfOutput = [Quiet, Verbose];

    public static readonly Option<string> Config = Text(
        "--config",
        "FILE",
        $"take options from a JSON file; what is given here wins; default: {ConfigFile.DefaultName} of this folder, if there is one; "
            + $"{ConfigFile.None} for no file");

    /// <summary>The command that starts a program of the user's, which scores models.</summary>
    public static readonly Option<string> MetricCommand = Text(
        "--metric-cmd",
        "CMD",
        "a program that prints a score for a model, the higher the better, as its last line; the model's path stands for {model}, or comes "
            + "last. --max-drop then is the score that may be lost");

    public static Argument<string> Model(string name, string description) => new(name) { Description = description };

    public static Option<string> Text(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName };

    /// <param name="report">Where the report goes; stdout is its own.</param>
    public static Terminal Terminal(this ParseResult parsed, string? report = null) =>
        new(parsed.GetValue(Quiet) && !parsed.GetValue(Verbose), parsed.GetValue(Verbose), report is ReportFile.Stdout);

    /// <summary>An option whose values are known by name, so that shells complete them.</summary>
    public static Option<string> Named(string name, string helpName, string description, params string[] values)
    {
        var option = Text(name, helpName, description);
        option.CompletionSources.Add(values);
        return option;
    }

    /// <exception cref="UsageException">The text is none of the words.</exception>
    public static string Choice(string option, string text, params ReadOnlySpan<string> words)
    {
        string[] all = [.. words];
        return Array.Find(all, w => w.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new UsageException(
                $"{option} {text}: choose {string.Join(", ", all[..^1])} or "
                    + $"{all[^1]}{(Nearest.Question(text, all) is { Length: > 0 } question ? question : ".")}");
    }

    /// <summary>The number of threads to run with: 0 for all cores.</summary>
    /// <exception cref="UsageException">The text is no whole number, or there are fewer cores.</exception>
    public static int Threads(string? text) => Whole("--threads", text, 0) switch
    {
        null => 0,
        { } threads when threads <= Environment.ProcessorCount => threads,
        _ =>
            throw new UsageException(
                $"--threads {text}: this machine has "
                    + $"{(Environment.ProcessorCount == 1 ? "one core" : $"{Environment.ProcessorCount} cores")}, and more threads than "
                    + $"cores wait for each other; give at most {Environment.ProcessorCount}."),
    };

    /// <summary>The text of <c>--normalize</c>, unchanged, once it is understood; whether there are data to normalize or not.</summary>
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
