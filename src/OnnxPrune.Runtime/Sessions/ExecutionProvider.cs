namespace OnnxPrune.Runtime.Sessions;

/// <summary>The device that a session runs on.</summary>
public enum ExecutionProvider
{
    /// <summary>CUDA where it is there, else the CPU.</summary>
    Auto,
    Cpu,

    /// <summary>CUDA, or an error.</summary>
    Cuda,
}

internal static class ExecutionProviders
{
    /// <exception cref="UsageException">The name is none of auto, cpu and cuda.</exception>
    public static ExecutionProvider Parse(string name) => name.ToLowerInvariant() switch
    {
        "auto" => ExecutionProvider.Auto,
        "cpu" => ExecutionProvider.Cpu,
        "cuda" => ExecutionProvider.Cuda,
        _ => throw new UsageException($"The provider '{name}' is unknown; choose auto, cpu or cuda."),
    };
}
