using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Processes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>
/// A program of the user's that prints a score for a model, such as mAP or IoU: the higher the better, as the last line of its stdout. It
/// is started without a shell.
/// </summary>
/// <param name="words">The program and its arguments; <c>{model}</c> in one stands for the model's path, which comes last where no word has
/// it.</param>
/// <param name="limit">How long one run may take.</param>
internal sealed class MetricCommand(IReadOnlyList<string> words, TimeSpan limit)
{
    private const string Placeholder = "{model}";
    private const int MostShown = 200;

    private readonly Dictionary<string, double> _ofFiles = [];

    /// <summary>The name in messages.</summary>
    private string Name => $"--metric-cmd '{words[0]}'";

    /// <summary>Takes a line apart at spaces; what stands in quotation marks, of either kind, is one word.</summary>
    /// <exception cref="UsageException">The line is empty, or a quotation mark is left open.</exception>
    public static MetricCommand Parse(string line, TimeSpan limit)
    {
        var words = CommandWords.Split(line) ?? throw new UsageException($"--metric-cmd {line}: a quotation mark is left open.");
        return words.Count > 0
            ? new MetricCommand(words, limit)
            : throw new UsageException("--metric-cmd is empty: give a program that prints a score for a model.");
    }

    /// <summary>The score of the original: asked once for each file, and what every other model is judged by.</summary>
    /// <exception cref="UsageException">The program cannot be run, fails, takes too long or prints no number, so that it can judge
    /// nothing.</exception>
    public double OfOriginal(string path)
    {
        if (!_ofFiles.TryGetValue(path, out var score))
        {
            _ofFiles[path] = score = Run(path, "the original", message => new UsageException(message));
        }

        return score;
    }

    /// <summary>The score of another model's file.</summary>
    /// <exception cref="VerificationFailedException">The program fails, takes too long or prints no number for it.</exception>
    public double Of(string path, string name = "the pruned model") => Run(path, name, message => new VerificationFailedException(message));

    /// <summary>The score of a model that has no file yet: it is written to a folder of its own for as long as the program runs.</summary>
    /// <exception cref="VerificationFailedException">The program fails, takes too long or prints no number for it.</exception>
    public double Of(Model model)
    {
        var folder = Directory.CreateTempSubdirectory("onnxprune-metric-");
        using var removal = ChildProcess.AtTheEnd(() => folder.Delete(recursive: true));
        var path = Path.Combine(folder.FullName, "pruned.onnx");
        using (var file = OnnxFile.Stage(model, path))
        {
            file.Commit();
        }

        return Of(path);
    }

    /// <summary>The words and the limit, so that results are known to be of the same.</summary>
    public override string ToString() => $"{string.Join(' ', words)} ({Seconds(limit)} s)";

    private double Run(string path, string name, Func<string, Exception> failure)
    {
        string[] all = words.Any(w => w.Contains(Placeholder))
            ? [.. words.Select(w => w.Replace(Placeholder, Path.GetFullPath(path)))]
            : [.. words, Path.GetFullPath(path)];
        var result = Started(all).Wait(limit);
        if (result.IsLate)
        {
            throw failure($"{Name} was not done with {name} in {Seconds(limit)} s and was ended; --metric-timeout gives it more.");
        }

        if (result.ExitCode != 0)
        {
            throw failure(
                $"{Name} failed for {name} with exit code "
                    + $"{result.ExitCode}{(LastLine(result.Error) is { Length: > 0 } why ? $": {why.TrimEnd('.')}" : "")}.");
        }

        return double.TryParse(LastLine(result.Output), NumberStyles.Float, CultureInfo.InvariantCulture, out var score)
            && double.IsFinite(score)
            ? score
            : throw failure($"{Name} printed '{LastLine(result.Output)}' last for {name}, where a number is expected, such as 0.761.");
    }

    private ChildProcess Started(string[] all)
    {
        try
        {
            return ChildProcess.Start(all);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{Name} cannot be started: {e.Message}", e);
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static string LastLine(string text)
    {
        var line = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        return line.Length <= MostShown ? line : line[..MostShown] + "...";
    }
}
