return OnnxPrune.Sandbox.SandboxProgram.Run(args.Single());
