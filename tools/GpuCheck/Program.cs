using System.CommandLine;
using OnnxPrune.Runtime.Sessions;

namespace GpuCheck;

internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is [TorchCheck.Argument])
        {
            return TorchCheck.Step();
        }

        var report = new Option<FileInfo>("--report")
        {
            Description = "The JSON file to write.",
            DefaultValueFactory = _ =>
            new FileInfo("gpu-check.json")
        };
        var provider =
            new Option<ExecutionProvider>("--provider")
            {
                Description =
                "cuda; cpu tries the check itself where there is no GPU.",
                DefaultValueFactory =
                _ =>
            ExecutionProvider.Cuda
            };
        var program = new Option<FileInfo?>("--program")
        {
            Description =
            "OnnxPrune.Cli.dll, whose `speedup=2` is checked; left out when not given."
        };
        var minutes =
            new Option<double>("--minutes") { Description = "The time after which nothing more is begun.", DefaultValueFactory = _ => 7 };
        var networks =
            new Option<string[]>("--networks")
            {
                Description = "Networks of ModelMaker that are raced.",
                DefaultValueFactory = _ =>
            ["resnet50", "resnet56_cifar_A"],
                AllowMultipleArgumentsPerToken = true
            };
        var command =
            new RootCommand("Checks pruned models on ONNX Runtime's CUDA provider.") { report, provider, program, minutes, networks };
        command.SetAction(given =>
        {
            var context =
                new CheckContext(given.GetRequiredValue(provider), given.GetValue(program)?.FullName, given.GetRequiredValue(networks));
            var found = CheckRun.Of(context, TimeSpan.FromMinutes(given.GetRequiredValue(minutes)));
            File.WriteAllText(given.GetRequiredValue(report).FullName, found.ToJson());
            return found.Checks.Any(c => c.Status == CheckStatus.Failed) ? 1 : 0;
        });
        return command.Parse(args).Invoke();
    }
}
