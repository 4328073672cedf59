using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Runtime.Natives;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>The process's one ONNX Runtime environment. It prints nothing: what goes wrong is an exception with one sentence.</summary>
internal static class RuntimeEnvironment
{
    private static readonly Lock Gate = new();

    /// <summary>The version of the loaded library, such as "1.22.0".</summary>
    public static string Version => Instance.GetVersionString();

    /// <summary>The environment, made on first use; the program never disposes it.</summary>
    /// <exception cref="UnsupportedModelException">The native library cannot be loaded on this machine.</exception>
    internal static OrtEnv Instance
    {
        get
        {
            if (OrtEnv.IsCreated)
            {
                return OrtEnv.Instance();
            }

            lock (Gate)
            {
                return OrtEnv.IsCreated ? OrtEnv.Instance() : Create();
            }
        }
    }

    /// <summary>
    /// Starts loading the native library in the background, so that it is there when the first session asks for it. Disposing the
    /// result waits for the end: a process that exits in the middle of loading crashes.
    /// </summary>
    /// <param name="provider">Where CUDA is asked for and only its libraries are missing, they are fetched first.</param>
    /// <exception cref="UsageException">They cannot be fetched.</exception>
    public static IDisposable Preload(ExecutionProvider provider)
    {
        if (provider == ExecutionProvider.Cuda)
        {
            RuntimeLibrary.PrepareCuda();
        }

        return new Loading();
    }

    private sealed class Loading : IDisposable
    {
        private readonly Task _task = Task.Run(static () =>
        {
            try
            {
                _ = Instance;
            }
            catch (UnsupportedModelException)
            {
                // Whoever needs the library gets the same exception.
            }
        });

        public void Dispose() => _task.Wait();
    }

    private static OrtEnv Create()
    {
        RuntimeLibrary.Choose();
        var options = new EnvironmentCreationOptions { logId = "onnxprune", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            var environment = OrtEnv.CreateInstanceWithOptions(ref options);
            SharedArena.Register(environment);
            return environment;
        }
        catch (Exception e) when (e is DllNotFoundException
            or TypeInitializationException
            or EntryPointNotFoundException
            or BadImageFormatException)
        {
            throw new UnsupportedModelException(
                "ONNX Runtime's native library cannot be loaded; install the package Microsoft.ML.OnnxRuntime for this platform beside "
                    + "onnxprune.", e);
        }
    }
}
