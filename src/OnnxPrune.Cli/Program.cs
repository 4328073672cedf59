using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Sandbox;

// Nothing else is loaded before.
if (DescriptorLimit.IsTooLow())
{
    return ExitCode.Failed;
}

StandardStreams.Guard();
return SandboxProgram.IsAskedFor(args) ? SandboxProgram.Run(args[1])
    : CommandLine.Run(args);
