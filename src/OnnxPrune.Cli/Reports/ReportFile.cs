using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OnnxPrune.Cli.Reports;

/// <summary>The destination of a report: a file, or stdout.</summary>
internal static class ReportFile
{
    /// <summary>The path that means stdout.</summary>
    public const string Stdout = "-";

    public static string Json<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.Serialize(document, type) + "\n";

    /// <summary>Runs work and writes its report, however it ends.</summary>
    /// <param name="path">Null for no report.</param>
    /// <param name="document">The text of the report.</param>
    /// <param name="work">Where it fails, its exception goes on after the report is written.</param>
    /// <param name="reportsItself">Whether the work writes the report of its success.</param>
    /// <exception cref="LostReportException">The work is done, but its report cannot be written.</exception>
    public static void Around(string? path, Func<RunEnd, string> document, Action work, bool reportsItself = false)
    {
        try
        {
            work();
        }
        catch (Exception e) when (path is not null && e is not Commands.OverwriteException)
        {
            WriteRefusal(path, document, e);
            throw;
        }

        if (path is null || reportsItself)
        {
            return;
        }

        var text = document(RunEnd.Done);
        try
        {
            Write(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LostReportException(e);
        }
    }

    public static void Write(string path, string text)
    {
        if (path == Stdout)
        {
            Console.Out.Write(text);
            return;
        }

        using var file = TextFile.Stage(path, text);
        file.Commit();
    }

    /// <summary>The first failure counts, also where the report cannot be written.</summary>
    private static void WriteRefusal(string path, Func<RunEnd, string> document, Exception e)
    {
        try
        {
            Write(path, document(RunEnd.Of(e)));
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException or OnnxPruneException)
        {
        }
    }
}
