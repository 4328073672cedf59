using System.Globalization;
using System.Runtime.Intrinsics.Arm;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Runtime.Natives;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>The providers that this machine's ONNX Runtime can run on.</summary>
internal static class Providers
{
    private static readonly Lazy<string?> CudaObstacle = new(FindCudaObstacle);

    /// <summary>True if the CUDA provider loads; asking once takes as long as loading its libraries.</summary>
    public static bool HasCuda => CudaObstacle.Value is null;

    /// <summary>
    /// Auto made definite: <see cref="ExecutionProvider.Cuda"/> where it loads, else <see cref="ExecutionProvider.Cpu"/>.
    /// </summary>
    /// <exception cref="UsageException">CUDA was asked for and is not there.</exception>
    public static ExecutionProvider Resolve(ExecutionProvider provider)
    {
        if (provider == ExecutionProvider.Cuda && CudaObstacle.Value is { } obstacle)
        {
            throw new UsageException(
                $"--provider cuda: ONNX Runtime {RuntimeEnvironment.Version} cannot use CUDA here ({obstacle}); use --provider cpu, or "
                    + "install its CUDA package, CUDA and cuDNN.");
        }

        return provider == ExecutionProvider.Auto ? HasCuda ? ExecutionProvider.Cuda : ExecutionProvider.Cpu : provider;
    }

    /// <summary>One line for reports, such as "ONNX Runtime 1.22.0, CPU, AVX-512, 1 thread".</summary>
    public static string Describe(SessionSettings settings) => Resolve(settings.Provider) == ExecutionProvider.Cuda
        ? $"ONNX Runtime {RuntimeEnvironment.Version}, CUDA"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"ONNX Runtime {RuntimeEnvironment.Version}, CPU, {InstructionSet}, {Threads(settings.Threads)}");

    /// <summary>
    /// One line about CUDA on this machine, such as "CUDA not installed (no NVIDIA driver)"; loads nothing but the driver.
    /// </summary>
    public static string DescribeCuda() => RuntimeLibrary.DescribeCuda();

    /// <summary>The widest vector instructions of this CPU that ONNX Runtime has kernels for.</summary>
    public static string InstructionSet =>
        Processor.HasAvx512 ? "AVX-512" : Processor.HasAvx2 ? "AVX2" : AdvSimd.IsSupported ? "NEON" : "no wide vectors";

    private static string Threads(int threads) => threads switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"all of {Environment.ProcessorCount} threads"),
        1 => "1 thread",
        _ => string.Create(CultureInfo.InvariantCulture, $"{threads} threads"),
    };

    private static string? FindCudaObstacle()
    {
        if (!RuntimeEnvironment.Instance.GetAvailableProviders().Contains("CUDAExecutionProvider"))
        {
            return "this build has no CUDA provider";
        }

        if (CudaDriver.Version is null)
        {
            return "there is no NVIDIA driver";
        }

        using var options = new SessionOptions();
        try
        {
            AppendCuda(options, deterministic: false);
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            return SessionFailure.Reason(e);
        }
    }

    internal static void AppendCuda(SessionOptions options, bool deterministic)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(new Dictionary<string, string>
        {
            ["device_id"] = "0",
            // TF32 keeps 10 bits of the mantissa: fine for speed, too coarse to compare outputs by.
            ["use_tf32"] = deterministic ? "0" : "1",
            ["cudnn_conv_algo_search"] = deterministic ? "DEFAULT" : "EXHAUSTIVE",
        });
        options.AppendExecutionProvider_CUDA(cuda);
    }
}
