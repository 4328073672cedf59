using System.Diagnostics;
using OnnxPrune.Torch;
using TorchSharp;

namespace GpuCheck;

/// <summary>A training step of TorchSharp on whatever libtorch the loader finds, in a process of its own.</summary>
internal static class TorchCheck
{
    /// <summary>The argument by which the program runs the step instead of the checks.</summary>
    public const string Argument = "torch-step";

    private const int MostSeconds = 60;

    public static IReadOnlyDictionary<string, double> Run()
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(TorchCheck).Assembly.Location, Argument])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromSeconds(MostSeconds)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"It took longer than {MostSeconds} s.");
        }

        return process.ExitCode == 0
            ? new Dictionary<string, double> { ["on_cuda"] = output.Result.Trim() == "cuda" ? 1 : 0 }
            : throw new InvalidOperationException($"Exit code {process.ExitCode}: {error.Result.Trim().Split('\n')[0]}");
    }

    /// <summary>One step of SGD on a small network; prints the device.</summary>
    public static int Step()
    {
        TorchLibrary.Load();
        TorchLibrary.Load();
        var device = torch.cuda.is_available() ? torch.CUDA : torch.CPU;
        using var scope = torch.NewDisposeScope();
        using var network = torch.nn.Conv2d(3, 8, 3).to(device);
        using var optimizer = torch.optim.SGD(network.parameters(), 0.1);
        var input = torch.randn([4, 3, 16, 16], device: device);
        var before = network.forward(input).square().mean();
        before.backward();
        optimizer.step();
        var after = network.forward(input).square().mean();
        Console.WriteLine(device.type == DeviceType.CUDA ? "cuda" : "cpu");
        return after.item<float>() < before.item<float>() ? 0 : 1;
    }
}
