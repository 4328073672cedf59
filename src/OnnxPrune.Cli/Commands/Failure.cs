using System.Text.RegularExpressions;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Commands;

/// <summary>Turns what went wrong into one sentence on stderr and an exit code.</summary>
internal static class Failure
{
    public static int Report(Exception e, bool verbose)
    {
        var (code, message) = Explain(e);
        Console.Error.WriteLine($"onnxprune: {SanitizedText.Of(OnOneLine(message))}");
        if (verbose)
        {
            Console.Error.WriteLine(e.ToString());
        }

        return code;
    }

    /// <summary>The exit code and the sentence.</summary>
    public static (int Code, string Message) Explain(Exception e) => e switch
    {
        VerificationFailedException or ChangedFileException or LostReportException => (ExitCode.Failed, e.Message),
        UsageException => (ExitCode.WrongUsage, e.Message),
        RegexMatchTimeoutException =>
            (ExitCode.WrongUsage, $"The pattern '{((RegexMatchTimeoutException)e).Pattern}' takes too long to match; give a simpler one."),
        TargetOutOfReachException => (ExitCode.TargetOutOfReach, e.Message),
        BrokenModelException or UnsupportedModelException => (ExitCode.BadModel, e.Message),
        IOException or UnauthorizedAccessException => (ExitCode.Failed, $"The output could not be written, and nothing was: {e.Message}"),
        OutOfMemoryException => (ExitCode.Failed, "The memory of this machine is not enough for this model; nothing was written."),
        InternalErrorException =>
            (ExitCode.Failed, $"{e.Message}. This is a mistake of onnxprune and not of the model: please report it. Nothing was written."),
        _ => (ExitCode.Failed, $"An error that should not happen, please report it: {e.GetType().Name}: {e.Message}"),
    };

    private static string OnOneLine(string text) =>
        string.Join(' ', text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
