using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>The extent to which ONNX Runtime may change a graph before it runs it.</summary>
internal enum Optimization
{
    None,

    /// <summary>Constants are folded; operators stay standard ones.</summary>
    Basic,

    /// <summary>Everything that makes it faster on the provider at hand.</summary>
    All,
}

/// <summary>The settings of a session.</summary>
public sealed record SessionSettings
{
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>Threads within one operator; 0 takes every core.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// The extent to which the runtime may fuse and fold. At None values keep their names and every operator runs as written.
    /// </summary>
    internal Optimization Optimization { get; init; } = Optimization.All;

    /// <summary>Same inputs, same bits: deterministic kernels, and no reduced precision on GPUs.</summary>
    public bool Deterministic { get; init; }

    /// <summary>The time that one run may take.</summary>
    public TimeSpan RunLimit { get; init; } = RunLimits.Run;

    /// <summary>The path of the runtime's profile of every operator that runs; null for none.</summary>
    internal string? ProfilePrefix { get; init; }

    /// <summary>For shape inference and other passing uses: one thread, nothing optimized.</summary>
    internal static SessionSettings Plain { get; } = new() { Threads = 1, Optimization = Optimization.None };

    /// <summary>The name that ONNX Runtime has for it.</summary>
    internal static GraphOptimizationLevel LevelOf(Optimization optimization) => optimization switch
    {
        Optimization.None => GraphOptimizationLevel.ORT_DISABLE_ALL,
        Optimization.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
        _ => GraphOptimizationLevel.ORT_ENABLE_ALL,
    };

    /// <summary>The options that ONNX Runtime wants; the caller disposes them.</summary>
    /// <param name="folder">Where a model that comes as bytes has its external data.</param>
    /// <exception cref="UsageException">CUDA was asked for and is not there.</exception>
    internal SessionOptions ToOptions(string? folder)
    {
        _ = RuntimeEnvironment.Instance;
        var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = LevelOf(Optimization),
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = Threads,
            InterOpNumThreads = 1,
        };
        try
        {
            Fill(options, folder);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private void Fill(SessionOptions options, string? folder)
    {
        if (Deterministic)
        {
            options.AddSessionConfigEntry("session.use_deterministic_compute", "1");
        }

        // Sessions take turns: one that waits for its next run must not take cores from another, or from who else works here.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        if (SharedArena.IsThere)
        {
            options.AddSessionConfigEntry("session.use_env_allocators", "1");
        }

        if (folder is not null)
        {
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        }

        if (ProfilePrefix is not null)
        {
            options.ProfileOutputPathPrefix = ProfilePrefix;
            options.EnableProfiling = true;
        }

        if (Providers.Resolve(Provider) == ExecutionProvider.Cuda)
        {
            Providers.AppendCuda(options, Deterministic);
        }
    }
}
