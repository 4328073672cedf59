return OnnxPrune.Cli.Commands.CommandLine.Run(args);
