using OnnxPrune.Cli.Commands;
using OnnxPrune.Sandbox;

// Nothing else is loaded before.
return DescriptorLimit.IsTooLow() ? ExitCode.Failed
    : SandboxProgram.IsAskedFor(args) ? SandboxProgram.Run(args[1])
    : CommandLine.Run(args);
