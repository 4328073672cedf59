return Fuzzing.CommandLine.Run(args);
