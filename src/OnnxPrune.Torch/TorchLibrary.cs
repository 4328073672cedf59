using OnnxPrune.Torch.Natives;
using TorchSharp;

namespace OnnxPrune.Torch;

/// <summary>Loads libtorch, and says where it computes.</summary>
internal static class TorchLibrary
{
    private static readonly Lazy<string?> s_obstacle = new(Probe);

    /// <summary>
    /// Loads libtorch, wherever it lies (<see cref="TorchNatives"/>); later calls cost nothing. Before anything else of TorchSharp is
    /// called.
    /// </summary>
    /// <exception cref="UsageException">It cannot be loaded on this machine.</exception>
    public static void Load()
    {
        if (s_obstacle.Value is { } obstacle)
        {
            throw new UsageException(
                $"libtorch cannot be loaded here ({obstacle}). Training needs it, and so does --calib, but for --repair layers or none.");
        }
    }

    /// <summary>One line about it for people, such as "libtorch 2.10.0, in '/opt/onnxprune'"; loads nothing.</summary>
    public static string Describe() => TorchNatives.Describe();

    /// <summary>Reads <c>auto</c>, <c>cpu</c> or <c>cuda</c>; auto takes CUDA where libtorch has it.</summary>
    /// <exception cref="UsageException">The word is none of these, or libtorch has no CUDA here.</exception>
    public static torch.Device ParseDevice(string text)
    {
        Load();
        return text switch
        {
            "cpu" => torch.CPU,
            "auto" => torch.cuda.is_available() ? torch.CUDA : torch.CPU,
            "cuda" => torch.cuda.is_available()
                ? torch.CUDA
                : throw new UsageException("--device cuda: libtorch finds no CUDA device here; --device cpu works everywhere."),
            _ => throw new UsageException($"--device {text}: choose auto, cpu or cuda."),
        };
    }

    /// <summary>The number of threads one operator may take.</summary>
    public static void SetThreads(int count)
    {
        Load();
        torch.set_num_threads(count);
    }

    /// <summary>For long runs that take and free the same tensors at every step: memory that was freed stays with the process.</summary>
    public static void KeepFreedMemory() => NativeSettings.KeepFreedMemory();

    private static string? Probe()
    {
        // Where TorchSharp does not find libtorch, it writes all that it tried to stdout, which belongs to our caller.
        var stdout = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            NativeSettings.BeforeLoading();
            TorchNatives.Load();
            using var one = torch.tensor(new[] { 1f }, [1]);
            NativeSettings.AfterLoading();
            return one.shape.Length == 1 ? null : "it gives wrong answers";
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or NotSupportedException
            or BadImageFormatException or EntryPointNotFoundException or FormatException or IOException)
        {
            return e.Message.Split('\n')[0].TrimEnd('.', '\r');
        }
        finally
        {
            Console.SetOut(stdout);
        }
    }
}
