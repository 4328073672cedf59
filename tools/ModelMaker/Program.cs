return ModelMaker.CommandLine.Run(args);
