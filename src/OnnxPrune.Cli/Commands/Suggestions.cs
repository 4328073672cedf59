using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxPrune.Cli.Commands;

/// <summary>
/// Suggestions of the next word, for the completion of a shell, which asks by <c>onnxprune "[suggest:POSITION]" "the whole line"</c>, as
/// for every program that is made with System.CommandLine. Answers with one word a line.
/// </summary>
/// <param name="Line">The line up to the place where words are to be completed, the program's name included.</param>
internal sealed partial record Suggestions(string Line)
{
    /// <summary>The question, where the words are one.</summary>
    public static Suggestions? Asked(string[] args)
    {
        if (args.Length != 2 || Directive().Match(args[0]) is not { Success: true } match)
        {
            return null;
        }

        var line = args[1];
        return new Suggestions(int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at < line.Length ? line[..at] : line);
    }

    public int Answer()
    {
        foreach (var word in Words())
        {
            Console.Out.WriteLine(word);
        }

        return ExitCode.Done;
    }

    private IEnumerable<string> Words()
    {
        // The last word is the one that is being typed, and is empty behind a space.
        var words = Line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        var typed = Line.EndsWith(' ') || words.Count == 0 ? "" : words[^1];
        var before = words.Skip(1).Take(words.Count - 1 - (typed.Length > 0 ? 1 : 0)).ToArray();
        var (command, named) = CommandLine.Find(before);
        var commands = before.Length == 0 ? CommandLine.Names : [];
        return commands
            .Concat(Values(command, before, named) ?? Options(command, typed))
            .Where(w => w.StartsWith(typed, StringComparison.Ordinal))
            .Distinct();
    }

    /// <summary>The values of the option that stands before; null where no option waits for one.</summary>
    private static IEnumerable<string>? Values(Command command, string[] before, int named) =>
        before.Length > named
            && command.Options.FirstOrDefault(o => o.Name == before[^1] || o.Aliases.Contains(before[^1])) is { ValueType: var type } option
            && type != typeof(bool)
            ? option.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(c => c.Label)
            : null;

    /// <summary>Options where one is begun; else nothing, so that the shell completes files.</summary>
    private static IEnumerable<string> Options(Command command, string typed) =>
        typed.StartsWith('-') ? command.Options.Where(o => !o.Hidden).Select(o => o.Name) : [];

    [GeneratedRegex(@"^\[suggest(?::(\d+))?\]$")]
    private static partial Regex Directive();
}
