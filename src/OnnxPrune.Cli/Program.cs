using OnnxPrune.Cli.Commands;
using OnnxPrune.Sandbox;

return SandboxProgram.IsAskedFor(args) ? SandboxProgram.Run(args[1]) : CommandLine.Run(args);
