using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>Where things are said: results on stdout, everything else on stderr.</summary>
internal sealed class Terminal(bool quiet, bool verbose)
{
    // What a table may take where nobody says how wide the window is.
    private const int PipeWidth = 80;

    // A terminal that says 0 or 1 does not know, and lines longer than this are hard to read.
    private const int NarrowestWindow = 40;
    private const int WidestPage = 120;

    private readonly Lazy<IAnsiConsole> _results = new(CreateResults);

    public bool IsQuiet => quiet;

    public bool IsVerbose => verbose;

    /// <summary>Made on first use: without it, a quiet run starts faster.</summary>
    public IAnsiConsole Results => _results.Value;

    /// <summary>How wide tables and lines may be.</summary>
    public int Width => Results.Profile.Width;

    /// <summary>A line of results, wrapped between words where it is too long.</summary>
    public void Line(string text = "", int indent = 2)
    {
        foreach (var line in Paragraph.Wrap(Printable.Of(text), Width, indent))
        {
            Results.Write(new Text(line + "\n"));
        }
    }

    /// <summary>A line above a table.</summary>
    public void Title(string text) => Results.Write(new Text(Printable.Of(text) + "\n", new Style(decoration: Decoration.Bold)));

    /// <summary>Something the user should know, on stderr.</summary>
    public void Note(string text)
    {
        if (!quiet)
        {
            Console.Error.WriteLine($"note: {Printable.Of(text)}");
        }
    }

    /// <summary>What only a verbose run says, on stderr.</summary>
    public void Detail(string text)
    {
        if (verbose)
        {
            Console.Error.WriteLine($"             {Printable.Of(text)}");
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
            Out = new AnsiConsoleOutput(Console.IsOutputRedirected ? new TrimmingWriter(Console.Out) : Console.Out),
        });
        console.Profile.Width = Console.IsOutputRedirected ? PipeWidth : Math.Clamp(console.Profile.Width, NarrowestWindow, WidestPage);
        return console;
    }
}
