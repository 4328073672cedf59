using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Commands;

/// <summary>The help of a command, written from its definition.</summary>
/// <param name="usage">Lines of usage.</param>
/// <param name="groups">The options under their headings.</param>
/// <param name="after">What follows the options, with its line breaks.</param>
internal sealed class HelpPage(Command command, string usage, IReadOnlyList<OptionGroup> groups, string after)
    : SynchronousCommandLineAction
{
    // Fits a terminal, and is the same in a pipe.
    private const int Width = 80;
    private const int Indent = 24;

    // Help works whatever else is missing.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var text = new StringBuilder();
        foreach (var line in WordWrap.Wrap(command.Description!, Width, 0))
        {
            text.AppendLine(line);
        }

        text.AppendLine().AppendLine("Usage:").AppendLine(usage).AppendLine();
        if (command.Arguments.Count > 0)
        {
            text.AppendLine("Arguments:");
        }

        foreach (var argument in command.Arguments)
        {
            Append(text, $"  <{argument.Name}>", argument.Description);
        }

        foreach (var group in groups)
        {
            text.AppendLine().AppendLine($"{group.Title}:");
            foreach (var option in group.Options)
            {
                Append(text, $"  {Names(option)}{(option.HelpName is { } value ? $" {value}" : "")}", option.Description);
            }
        }

        text.Append(after);
        parseResult.InvocationConfiguration.Output.Write(text.ToString());
        return ExitCode.Done;
    }

    private static string Names(Option option) =>
        string.Join(", ", option.Aliases.Where(a => a is not ("-?" or "/?" or "/h")).Append(option.Name));

    private static void Append(StringBuilder text, string left, string? right)
    {
        var start = left.Length < Indent ? left.PadRight(Indent) : null;
        if (start is null)
        {
            text.AppendLine(left);
        }

        var lines = WordWrap.Wrap(right ?? "", Width - Indent, 0).ToArray();
        for (var i = 0; i < lines.Length; i++)
        {
            text.AppendLine((i == 0 && start is not null ? start : new string(' ', Indent)) + lines[i]);
        }
    }
}
