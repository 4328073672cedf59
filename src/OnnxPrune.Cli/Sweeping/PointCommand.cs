namespace OnnxPrune.Cli.Sweeping;

/// <summary>The command that works on one point of this sweep: ours, with the point's number.</summary>
internal static class PointCommand
{
    private const string Command = "sweep";

    /// <summary>The words of the command, the program included.</summary>
    public static IReadOnlyList<string> For(int point) => [.. Program, .. Arguments($"{point}")];

    /// <summary>The words behind the program.</summary>
    /// <param name="point">Its number, or what stands for it.</param>
    public static IReadOnlyList<string> Arguments(string point)
    {
        // Options before everything else: what follows "--" would be a path.
        var ours = Environment.GetCommandLineArgs().Skip(1).ToArray();
        return [Command, $"--point={point}", .. ours.Skip(1)];
    }

    /// <summary>The command that starts this program: itself, or a runtime that is given its assembly.</summary>
    public static IReadOnlyList<string> Program => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Path.GetFullPath(Environment.GetCommandLineArgs()[0])]
        : [Environment.ProcessPath!];

    /// <summary>A word that a POSIX shell takes as it is.</summary>
    public static string Quote(string word) => $"'{word.Replace("'", "'\\''")}'";
}
