using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// Shows the progress of a step on stderr. On a terminal: a bar that vanishes when its step is done. Elsewhere, once a run has lasted for
/// <see cref="Interval"/>: a line where a step begins, and one after every such time.
/// </summary>
internal static class Progress
{
    /// <summary>The time that a run may be silent where there is no terminal.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private static readonly long s_start = Stopwatch.GetTimestamp();
    private static volatile bool s_hidesCursor;
    private static Display? s_live;

    /// <summary>True if stderr is a terminal that can show one.</summary>
    public static bool IsPossible => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>The time since the program began.</summary>
    public static TimeSpan Elapsed => Stopwatch.GetElapsedTime(s_start);

    /// <summary>Runs a step that says again and again how much of it is done, 0 to 1, and what it is doing.</summary>
    /// <param name="what">The step.</param>
    /// <param name="wanted">Whether anything is shown.</param>
    public static T Show<T>(string what, bool wanted, Func<IProgress<double>, Action<string>, T> step)
    {
        if (!wanted)
        {
            return step(new Share(_ => { }), _ => { });
        }

        // A step within a step shows in the place of the outer one, for as long as it lasts.
        if (s_live is { } outer)
        {
            var (before, share) = (outer.Text, outer.Share);
            outer.Say(what);
            try
            {
                return step(new Share(outer.Report), outer.Say);
            }
            finally
            {
                outer.Say(before);
                outer.Report(share);
            }
        }

        try
        {
            return IsPossible ? ShowBar(what, step) : ShowLines(what, step);
        }
        finally
        {
            s_live = null;
        }
    }

    /// <summary>A line on stderr, above the bar where there is one.</summary>
    public static void Line(string text)
    {
        if (s_live is Bar bar)
        {
            bar.Above(text);
            return;
        }

        Console.Error.WriteLine(text);
    }

    /// <summary>Shows again after an interrupt, so that nothing stays hidden by the display.</summary>
    public static void ShowCursor()
    {
        if (s_hidesCursor)
        {
            Console.Error.Write("\u001b[?25h\n");
        }
    }

    private static T ShowBar<T>(string what, Func<IProgress<double>, Action<string>, T> step)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        s_hidesCursor = true;
        try
        {
            return console.Progress().AutoClear(true).HideCompleted(false)
                .Columns(
                    new SpinnerColumn(),
                    new TaskDescriptionColumn { Alignment = Justify.Left },
                    new ProgressBarColumn { Width = BarWidth },
                    new PercentageColumn())
                .Start(context =>
                {
                    var bar = new Bar(what, console, context.AddTask(Markup.Escape(what), maxValue: 1));
                    s_live = bar;
                    return step(new Share(bar.Report), bar.Say);
                });
        }
        finally
        {
            s_hidesCursor = false;
        }
    }

    // Leaves room for what is being done within 80 columns.
    private const int BarWidth = 16;

    private static T ShowLines<T>(string what, Func<IProgress<double>, Action<string>, T> step)
    {
        var lines = new Display(what);
        s_live = lines;
        using var timer = new Timer(_ => lines.Print(), null, Interval, Interval);
        if (Elapsed > Interval)
        {
            lines.Print();
        }

        return step(new Share(lines.Report), lines.Say);
    }

    /// <summary>The displayed state of a step.</summary>
    private class Display(string what)
    {
        public string Text { get; private set; } = what;

        public double Share { get; private set; }

        public virtual void Say(string text) => Text = text;

        public virtual void Report(double share) => Share = share;

        public void Print() =>
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Elapsed.TotalSeconds,6:0} s  {Text}{(Share > 0 ? $", {100 * Math.Min(1, Share):0} %" : "")}"));
    }

    /// <summary>The same on a terminal.</summary>
    private sealed class Bar(string what, IAnsiConsole console, ProgressTask task) : Display(what)
    {
        public override void Say(string text)
        {
            base.Say(text);
            task.Description = Markup.Escape(text);
        }

        public override void Report(double share)
        {
            base.Report(share);
            task.Value = share;
        }

        // Padded, since the line is written over the bar's.
        public void Above(string text)
        {
            var width = console.Profile.Width - 1;
            foreach (var line in WordWrap.Wrap(text, width, 2))
            {
                console.WriteLine(line.PadRight(width));
            }
        }
    }

    /// <summary>Reports at once and on the caller's thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Share(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
