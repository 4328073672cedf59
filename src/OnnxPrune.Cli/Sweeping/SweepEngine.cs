namespace OnnxPrune.Cli.Sweeping;

/// <summary>A way of working on the points of a sweep.</summary>
internal enum EngineKind
{
    /// <summary>This process, which measures once for all points.</summary>
    Shared,

    /// <summary>A process on this machine for each point.</summary>
    Local,

    /// <summary>A job array, an element for each point.</summary>
    Slurm,

    /// <summary>An Indexed Job, an index for each point.</summary>
    Kubernetes,
}

/// <param name="Jobs">How many points at once; null for the engine's own number.</param>
/// <param name="Retries">How often a point is tried again whose process ended without a result.</param>
/// <param name="Arguments">What the engine's own program is given besides.</param>
/// <param name="Image">Of a container that has onnxprune.</param>
/// <param name="Claim">The volume claim that holds models and data, and takes the results.</param>
/// <param name="Mount">Where that is in the container, and where the command runs.</param>
/// <param name="DryRun">Only what would be submitted is written.</param>
internal sealed record SweepEngine(
    EngineKind Kind, int? Jobs, int Retries, IReadOnlyList<string> Arguments, string? Image, string? Claim, string Mount, bool DryRun);
