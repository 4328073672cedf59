using OnnxPrune.Cli.Commands;

// Nothing else is loaded before.
return DescriptorLimit.IsTooLow() ? ExitCode.Failed : CommandLine.Run(args);
