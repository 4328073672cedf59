using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OnnxPrune.Cli.Configuration;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Natives;

namespace OnnxPrune.Cli.Commands;

/// <summary>The program: its commands, and how they end.</summary>
internal static class CommandLine
{
    /// <summary>The end of every page of help.</summary>
    public const string ExitCodes = """

        Exit codes:
          0  done
          1  verification failed, or a file could not be written; nothing was written
          2  wrong usage
          3  target out of reach; the message says what can be reached
          4  the model is broken or unsupported

        """;

    private static readonly (string Name, Func<Command> Create)[] s_commands =
    [
        ("prune", PruneCommand.Create),
        ("inspect", InspectCommand.Create),
        ("verify", VerifyCommand.Create),
        ("quantize", QuantizeCommand.Create),
        ("sweep", SweepCommand.Create),
        ("train", TrainCommand.Create),
        ("finetune", FinetuneCommand.Create),
        ("completion", CompletionCommand.Create),
        ("schema", SchemaCommand.Create),
    ];

    // Response files (@file) would make a file's name mean its content.
    private static readonly ParserConfiguration s_plain = new() { ResponseFileTokenReplacer = null };

    public static IEnumerable<string> Names => s_commands.Select(c => c.Name);

    public static int Run(string[] args)
    {
        using var interrupts = Interrupts.Watch();
        var isQuiet = args.Contains("-q") || args.Contains("--quiet");
        NativePackage.Fetching = sentence =>
        {
            if (!isQuiet)
            {
                Console.Error.WriteLine($"onnxprune: {sentence}");
            }
        };
        try
        {
            return Suggestions.Asked(args) is { } question ? question.Answer() : Invoke(args);
        }
        catch (Exception e)
        {
            return Failure.Report(e, verbose: args.Contains("-v") || args.Contains("--verbose"));
        }
    }

    /// <summary>
    /// The command that words ask for, and how many of them name it. Pruning is what the program does; the other commands go by their name.
    /// </summary>
    public static (Command Command, int Words) Find(IReadOnlyList<string> args) =>
        args.Count > 0 && Array.Find(s_commands, c => c.Name == args[0]) is { Name: not null } named
            ? (named.Create(), 1)
            : (PruneCommand.Create(), 0);

    private static int Invoke(string[] args)
    {
        var (command, words) = Find(args);
        var own = args[words..];
        var parsed = Parse(command, own, words == 0);
        if (parsed.Action is not (HelpPage or VersionPage) && ConfigFile.Complete(parsed, own) is { } all && all.Length > own.Length)
        {
            parsed = Parse(command, all, isUnnamed: false);
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <exception cref="UsageException">The words do not fit the command.</exception>
    private static ParseResult Parse(Command command, string[] args, bool isUnnamed)
    {
        var parsed = command.Parse(WithoutDirectives(args), s_plain);
        return parsed.Action is not HelpPage && WhatIsWrong(parsed, args, isUnnamed) is { } wrong
            ? throw new UsageException(
                $"{wrong.TrimEnd('.')}{(wrong.EndsWith('?') ? "" : ".")} See 'onnxprune "
                    + $"{(command.Name == "prune" ? "" : command.Name + " ")}--help'.")
            : parsed;
    }

    /// <summary>Takes text in brackets before everything else as a path, and as no directive of the parser.</summary>
    private static string[] WithoutDirectives(string[] args) =>
        Array.ConvertAll(args, a => a.StartsWith('[') && a.EndsWith(']') ? Path.Combine(".", a) : a);

    private static string? WhatIsWrong(ParseResult parsed, string[] args, bool isUnnamed)
    {
        var command = parsed.CommandResult.Command;
        var words = command.Arguments.SelectMany(a => parsed.GetResult(a)?.Tokens ?? [])
            .Select(t => t.Value)
            .Concat(parsed.UnmatchedTokens)
            .ToArray();

        // What follows '--' is a path, whatever it looks like; what looks like an option and is none would be taken for one otherwise.
        var escaped = Array.IndexOf(args, "--") is >= 0 and var at ? args.Length - at - 1 : 0;
        if (words.SkipLast(escaped).FirstOrDefault(w => w.StartsWith('-')) is { } unknown)
        {
            var name = unknown.Split('=')[0];
            var options = command.Options.SelectMany(o => o.Aliases.Append(o.Name)).Where(o => o.StartsWith('-'));
            return $"'{unknown}' is no option{Nearest.Question(name, options)}";
        }

        if (isUnnamed && words.Length > 0 && !File.Exists(words[0]) && Nearest.To(words[0], Names) is { } near)
        {
            return $"'{words[0]}' is neither a file nor a command; did you mean '{near}'?";
        }

        if (parsed.Action is not ParseErrorAction)
        {
            return null;
        }

        return command.Arguments.FirstOrDefault(a => parsed.GetResult(a) is null or { Tokens.Count: 0 }) is { } missing
            ? $"<{missing.Name}> is missing"
            : parsed.Errors[0].Message;
    }

    /// <summary>Adds options and what every command has.</summary>
    public static void Complete(Command command, string usage, IEnumerable<OptionGroup> groups, string after = ExitCodes)
    {
        var help = new HelpOption("--help", "-h", "-?") { Description = "show this help" };
        var version = new Option<bool>("--version")
        {
            Description = "show the version; with -v also those of the libraries",
            Action = new VersionPage(),
        };
        OptionGroup[] all = [.. groups, new OptionGroup("Other options", [CommonOptions.Config, .. CommonOptions.OfOutput, help, version])];
        help.Action = new HelpPage(command, usage, all, after);
        foreach (var option in all.SelectMany(g => g.Options))
        {
            command.Options.Add(option);
        }
    }
}
