using System.Diagnostics;
using System.Globalization;
using OnnxPrune.Runtime.Comparing;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OnnxPrune.Cli.Terminals;

/// <summary>The program's output: results on stdout, everything else on stderr.</summary>
/// <param name="keepsStdout">Whether stdout is another's, a report's, so that results go to stderr too.</param>
internal sealed class Terminal(bool quiet, bool verbose, bool keepsStdout = false) : IRunObserver
{
    /// <summary>Never asked for: an interrupt ends the process (<see cref="Interrupts"/>).</summary>
    public CancellationToken Cancellation => CancellationToken.None;

    // What a table may take where nobody says how wide the window is.
    private const int PipeWidth = 80;

    // A terminal that says 0 or 1 does not know, and lines longer than this are hard to read.
    private const int NarrowestWindow = 40;
    private const int WidestPage = 120;
    private const int WidestTable = 1000;

    private readonly Lazy<IAnsiConsole> _results = new(() => CreateResults(keepsStdout));
    private readonly Lazy<int> _window = new(WindowWidth);
    private readonly Dictionary<string, double> _seconds = [];

    public bool IsVerbose => verbose;

    /// <summary>True if anything is said but errors.</summary>
    public bool ShowsResults => !quiet;

    /// <summary>True if results are read by a program, or by nobody yet.</summary>
    public bool IsPiped => keepsStdout ? Console.IsErrorRedirected : Console.IsOutputRedirected;

    /// <summary>The width that a table may have without its lines being broken: without bounds where a program reads it.</summary>
    public int TableWidth => IsPiped ? WidestTable : Math.Max(Width, _window.Value);

    /// <summary>The steps that are expected; null where nobody said.</summary>
    public Phases? Phases { get; set; }

    /// <summary>Seconds that the steps took so far, by name.</summary>
    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    /// <summary>Made on first use: without it, a quiet run starts faster.</summary>
    public IAnsiConsole Results => _results.Value;

    /// <summary>The width that tables and lines may have.</summary>
    public int Width => Results.Profile.Width;

    /// <summary>A line of results, wrapped between words where it is too long.</summary>
    public void Line(string text = "", int indent = 2)
    {
        foreach (var line in WordWrap.Wrap(SanitizedText.Of(text), Width, indent))
        {
            Results.Write(new Text(line + "\n"));
        }
    }

    /// <summary>A command to copy: over several lines, it is still one.</summary>
    /// <param name="parts">What stays together, such as an option and its value.</param>
    public void Command(params IReadOnlyList<string> parts)
    {
        var line = "  " + parts[0];
        foreach (var part in parts.Skip(1))
        {
            if (line.Length + part.Length + " ".Length + " \\".Length > Width)
            {
                Results.Write(new Text(SanitizedText.Of(line) + " \\\n"));
                line = "    " + part;
                continue;
            }

            line += " " + part;
        }

        Results.Write(new Text(SanitizedText.Of(line) + "\n"));
    }

    /// <summary>Something as wide as it must be; a terminal breaks lines that are wider than itself.</summary>
    public void Write(IRenderable what, int width)
    {
        var usual = Results.Profile.Width;
        Results.Profile.Width = Math.Max(usual, width);
        Results.Write(what);
        Results.Profile.Width = usual;
    }

    /// <summary>A line above a table.</summary>
    public void Title(string text) => Results.Write(new Text(SanitizedText.Of(text) + "\n", new Style(decoration: Decoration.Bold)));

    /// <summary>Something the user should know, on stderr.</summary>
    public void Note(string text)
    {
        if (!quiet)
        {
            Progress.Line($"note: {SanitizedText.Of(text)}");
        }
    }

    /// <summary>A point that a search tried, on stderr.</summary>
    public void Point(string text)
    {
        if (!quiet)
        {
            Progress.Line($"tried: {SanitizedText.Of(text)}");
        }
    }

    /// <summary>Runs a step and, when asked to be verbose, says how long it took.</summary>
    public T Timed<T>(string what, Func<T> step)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            return step();
        }
        finally
        {
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            _seconds[what] = _seconds.GetValueOrDefault(what) + seconds;
            if (verbose)
            {
                Progress.Line(string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds,8:0.0} ms  {what}"));
            }
        }
    }

    public void Timed(string what, Action step) => Timed(what, () =>
    {
        step();
        return true;
    });

    /// <summary>Runs a step that may take long, and shows how it goes on.</summary>
    public T Watched<T>(string what, Func<IProgress<double>, T> step) =>
        Timed(what, () =>
            Progress.Show(Describe(what, 0), !quiet, (progress, describe) =>
                step(new Share(progress, share => describe(Describe(what, share))))));

    private static int WindowWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return PipeWidth;
        }
    }

    private string Describe(string what, double share) => Phases?.Describe(what, share, Progress.Elapsed) ?? what;

    private static IAnsiConsole CreateResults(bool onError)
    {
        var isRedirected = onError ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var writer = onError ? Console.Error : Console.Out;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(isRedirected ? new TrimmingWriter(writer) : writer),
        });
        console.Profile.Width = isRedirected ? PipeWidth : Math.Clamp(console.Profile.Width, NarrowestWindow, WidestPage);
        return console;
    }

    /// <summary>Says the share, and what it means for the whole.</summary>
    private sealed class Share(IProgress<double> progress, Action<double> describe) : IProgress<double>
    {
        public void Report(double value)
        {
            progress.Report(value);
            describe(value);
        }
    }
}
