return Coverage.CommandLine.Run(args);
