namespace OnnxPrune.Cli.Terminals;

/// <summary>Words of a command line for people to copy.</summary>
internal static class ShellWord
{
    /// <summary>As a shell takes it for one word.</summary>
    public static string Quoted(string word) =>
        word.All(c => char.IsLetterOrDigit(c)
            || "/._-+=:,@%".Contains(c)) && word.Length > 0 ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
