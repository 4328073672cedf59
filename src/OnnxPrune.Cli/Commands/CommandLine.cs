using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Commands;

/// <summary>The program: its commands, and how they end.</summary>
internal static class CommandLine
{
    // Fits a terminal, and is the same in a pipe.
    private const int HelpWidth = 80;

    public static int Run(string[] args)
    {
        using var interrupts = Interrupts.Watch();
        var verbose = args.Contains("-v") || args.Contains("--verbose");
        try
        {
            return Invoke(args);
        }
        catch (Exception e)
        {
            return Failure.Report(e, verbose);
        }
    }

    private static int Invoke(string[] args)
    {
        var parsed = Create().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            throw new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}. See 'onnxprune --help'.");
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Create()
    {
        var root = PruneCommand.Create();
        root.Subcommands.Add(InspectCommand.Create());
        root.Subcommands.Add(VerifyCommand.Create());
        root.Options.Add(CommonOptions.Quiet);
        root.Options.Add(CommonOptions.Verbose);
        root.Options.OfType<HelpOption>().Single().Action = new HelpAction { MaxWidth = HelpWidth };
        return root;
    }
}
