namespace OnnxPrune.Cli.Reports;

/// <summary>The readers of a report.</summary>
internal enum ReportFormat
{
    /// <summary>For machines.</summary>
    Json,

    /// <summary>For a pull request.</summary>
    Markdown,

    /// <summary>For people, with charts.</summary>
    Html,
}

/// <summary>Reads the format of a report from its name.</summary>
internal static class ReportFormats
{
    /// <summary>The format of a report; JSON where the name says nothing else.</summary>
    public static ReportFormat Of(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".md" => ReportFormat.Markdown,
        ".html" => ReportFormat.Html,
        _ => ReportFormat.Json,
    };

    /// <summary>True if a report of that name shows single samples and layers.</summary>
    /// <param name="report">Null for none.</param>
    public static bool HasDetails(string? report) => report is not null && Of(report) != ReportFormat.Markdown;

    /// <param name="report">The path of a report; null for none, or where it goes to stdout.</param>
    /// <param name="extensions">The extensions that the command writes.</param>
    /// <exception cref="UsageException">The name has another extension.</exception>
    public static void Check(string? report, params string[] extensions)
    {
        if (report is not null && !extensions.Contains(Path.GetExtension(report).ToLowerInvariant()))
        {
            throw new UsageException(
                $"--report {report}: the name must end in {string.Join(", ", extensions[..^1])} or {extensions[^1]}, or be - for JSON on "
                    + "stdout.");
        }
    }
}
