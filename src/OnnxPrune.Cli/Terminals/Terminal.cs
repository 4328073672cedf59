using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>Where things are said: results on stdout, everything else on stderr.</summary>
internal sealed class Terminal(bool quiet, bool verbose)
{
    // What a table may take where nobody says how wide the window is.
    private const int PipeWidth = 80;

    private readonly Lazy<IAnsiConsole> _results = new(CreateResults);

    public bool IsQuiet => quiet;

    public bool IsVerbose => verbose;

    /// <summary>Made on first use: without it, a quiet run starts faster.</summary>
    public IAnsiConsole Results => _results.Value;

    /// <summary>One line of results, wrapped at the width that tables have.</summary>
    public void Line(string text = "") => Results.Write(new Text(text + "\n"));

    /// <summary>A line above a table.</summary>
    public void Title(string text) => Results.Write(new Text(text + "\n", new Style(decoration: Decoration.Bold)));

    /// <summary>Something the user should know, on stderr.</summary>
    public void Note(string text)
    {
        if (!quiet)
        {
            Console.Error.WriteLine($"note: {text}");
        }
    }

    /// <summary>Runs a step and, when asked to be verbose, says how long it took.</summary>
    public T Timed<T>(string what, Func<T> step)
    {
        if (!verbose)
        {
            return step();
        }

        var start = Stopwatch.GetTimestamp();
        var result = step();
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds,8:0.0} ms  {what}"));
        return result;
    }

    public void Timed(string what, Action step) => Timed(what, () =>
    {
        step();
        return true;
    });

    /// <summary>Runs a step that may take long, with a display of its progress on a terminal.</summary>
    public T Watched<T>(string what, Func<IProgress<double>, T> step) => Timed(what, () => Progress.Show(what, !quiet && !verbose, step));

    private static IAnsiConsole CreateResults()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = Console.IsOutputRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PipeWidth;
        }

        return console;
    }
}
