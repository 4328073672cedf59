using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Natives;

namespace OnnxPrune.Cli.Commands;

/// <summary>The program: its commands, and how they end.</summary>
internal static class CommandLine
{
    public static int Run(string[] args)
    {
        using var interrupts = Interrupts.Watch();
        NativePackage.Fetching = args.Contains("-q") || args.Contains("--quiet") ? static _ => { } : static sentence => Console.Error.WriteLine($"onnxprune: {sentence}");
        try
        {
            return Invoke(args);
        }
        catch (Exception e)
        {
            return Failure.Report(e, verbose: args.Contains("-v") || args.Contains("--verbose"));
        }
    }

    /// <summary>Pruning is what the program does; the other commands go by their name.</summary>
    private static int Invoke(string[] args) => args.FirstOrDefault() switch
    {
        "inspect" => Invoke(InspectCommand.Create(), args[1..]),
        "verify" => Invoke(VerifyCommand.Create(), args[1..]),
        "train" => Invoke(TrainCommand.Create(), args[1..]),
        "finetune" => Invoke(FinetuneCommand.Create(), args[1..]),
        _ => Invoke(PruneCommand.Create(), args),
    };

    private static int Invoke(Command command, string[] args)
    {
        var parsed = command.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            throw new UsageException($"{WhatIsWrong(parsed)}. See 'onnxprune {(command.Name == "onnxprune" ? "" : command.Name + " ")}--help'.");
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static string WhatIsWrong(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return command.Arguments.FirstOrDefault(a => parsed.GetResult(a) is null or { Tokens.Count: 0 }) is { } missing
            ? $"<{missing.Name}> is missing"
            : parsed.Errors[0].Message.TrimEnd('.');
    }

    /// <summary>Adds what every command has.</summary>
    public static void Complete(Command command, string usage, string after = "")
    {
        command.Options.Add(CommonOptions.Quiet);
        command.Options.Add(CommonOptions.Verbose);
        command.Options.Add(new HelpOption("--help", "-h", "-?") { Description = "show this help", Action = new HelpPage(command, usage, after) });
        command.Options.Add(new Option<bool>("--version") { Description = "show the version; with -v also those of the libraries", Action = new VersionPage() });
        foreach (var argument in command.Arguments)
        {
            // What looks like an option and is none would be taken for a file.
            argument.Validators.Add(result =>
            {
                if (result.Tokens.FirstOrDefault(t => t.Value.StartsWith('-')) is { } token)
                {
                    result.AddError($"'{token.Value}' is no option");
                }
            });
        }
    }
}
