using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Reports;

/// <summary>The last line of a run: what was written where.</summary>
internal static class Written
{
    /// <param name="files">What it is, and its path: null or stdout where there is none.</param>
    public static void Say(Terminal terminal, params ReadOnlySpan<(string What, string? Path)> files)
    {
        var written = new List<string>();
        foreach (var (what, path) in files)
        {
            if (path is not (null or ReportFile.Stdout))
            {
                written.Add($"{what} '{path}'");
            }
        }

        if (written.Count > 0 && terminal.ShowsResults)
        {
            terminal.Line($"Written: {string.Join(", ", written)}.");
        }
    }
}
