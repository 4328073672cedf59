using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>A bar on stderr that vanishes when its step is done; nothing where stderr is no terminal.</summary>
internal static class Progress
{
    private static volatile bool s_hidesCursor;

    /// <summary>Whether stderr is a terminal that can show one.</summary>
    public static bool IsPossible => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    public static T Show<T>(string what, bool wanted, Func<IProgress<double>, T> step) => Show(what, wanted, (share, _) => step(share));

    /// <summary>The same for a step that says again and again what it is doing; the bar has the time that is left then.</summary>
    public static T Show<T>(string what, bool wanted, Func<IProgress<double>, Action<string>, T> step)
    {
        if (!wanted || !IsPossible)
        {
            return step(new Share(_ => { }), _ => { });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        s_hidesCursor = true;
        try
        {
            return console.Progress().AutoClear(true).HideCompleted(false)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(context =>
                {
                    var task = context.AddTask(Markup.Escape(what), maxValue: 1);
                    return step(new Share(share => task.Value = share), text => task.Description = Markup.Escape(text));
                });
        }
        finally
        {
            s_hidesCursor = false;
        }
    }

    /// <summary>What the display hid must be seen again after an interrupt.</summary>
    public static void ShowCursor()
    {
        if (s_hidesCursor)
        {
            Console.Error.Write("\u001b[?25h\n");
        }
    }

    /// <summary>Reports at once and on the caller's thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Share(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
