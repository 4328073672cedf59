using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Commands;

/// <summary>The help of a command, written from its definition.</summary>
internal sealed class HelpPage(Command command, string usage, string after) : SynchronousCommandLineAction
{
    // Fits a terminal, and is the same in a pipe.
    private const int Width = 80;
    private const int Indent = 24;

    // Help works whatever else is missing.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var text = new StringBuilder();
        text.AppendLine(command.Description).AppendLine().AppendLine("Usage:").AppendLine(usage).AppendLine();
        text.AppendLine("Arguments:");
        foreach (var argument in command.Arguments)
        {
            Append(text, $"  <{argument.Name}>", argument.Description);
        }

        text.AppendLine().AppendLine("Options:");
        foreach (var option in command.Options.Where(o => !o.Hidden))
        {
            Append(text, $"  {Names(option)}{(option.HelpName is { } value ? $" {value}" : "")}", option.Description);
        }

        text.Append(after);
        parseResult.InvocationConfiguration.Output.Write(text.ToString());
        return ExitCode.Done;
    }

    private static string Names(Option option) => string.Join(", ", option.Aliases.Where(a => a is not ("-?" or "/?" or "/h")).Append(option.Name));

    private static void Append(StringBuilder text, string left, string? right)
    {
        var start = left.Length < Indent ? left.PadRight(Indent) : null;
        if (start is null)
        {
            text.AppendLine(left);
        }

        var lines = Paragraph.Wrap(right ?? "", Width - Indent, 0).ToArray();
        for (var i = 0; i < lines.Length; i++)
        {
            text.AppendLine((i == 0 && start is not null ? start : new string(' ', Indent)) + lines[i]);
        }
    }
}
