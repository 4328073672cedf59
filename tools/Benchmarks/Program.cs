return Benchmarks.CommandLine.Run(args);
