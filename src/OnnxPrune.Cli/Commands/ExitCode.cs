namespace OnnxPrune.Cli.Commands;

/// <summary>The exit codes of the process; part of the contract with whoever runs it.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The verification failed, or writing did; nothing was written.</summary>
    public const int Failed = 1;

    public const int WrongUsage = 2;

    public const int TargetOutOfReach = 3;

    /// <summary>The model is broken or unsupported.</summary>
    public const int BadModel = 4;

    /// <summary>
    /// Added to the number of the signal that stopped a training, which was saved: what a shell says of a program that the signal ended.
    /// </summary>
    public const int Signalled = 128;
}
