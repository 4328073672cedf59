using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fuzzing.Targets;

namespace Fuzzing.Runs;

/// <summary>Feeds the targets one after the other, each in a process that may crash and hang, and prints a table of how it went.</summary>
internal sealed class Campaign(CampaignOptions options)
{
    private const long UsualCount = 1000;

    // Starting a worker makes its seeds first.
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(2);

    private volatile bool _isStopped;

    /// <summary>Runs until enough was fed; Ctrl-C and SIGTERM end it early, with the table of what was.</summary>
    /// <returns>0 when nothing was found, else 1.</returns>
    public int Run()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var tallies = options.Targets.Where(t => !t.NeedsProgram || options.Program is not null).Select(Feed).ToArray();
        Console.WriteLine("| target | inputs | outcomes | largest allocation | findings | different ones |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var tally in tallies)
        {
            Console.WriteLine(tally.Row());
        }

        return tallies.Any(t => t.Findings > 0) ? 1 : 0;
    }

    private void Stop(PosixSignalContext context) => context.Cancel = _isStopped = true;

    private Tally Feed(FuzzTarget target)
    {
        var tally = new Tally(target, options.Findings);
        var clock = Stopwatch.StartNew();
        var next = options.From;
        while (!IsOver(next, clock))
        {
            next = FeedWorker(target, next, clock, tally);
        }

        return tally;
    }

    /// <summary>Reads what one worker says until it ends, hangs, or enough was fed.</summary>
    /// <returns>The case that comes next.</returns>
    private long FeedWorker(FuzzTarget target, long from, Stopwatch clock, Tally tally)
    {
        using var worker = WorkerProcess.Start(new CaseId(target.Name, options.Seed, from), options.Program);
        var index = from;
        try
        {
            for (; !IsOver(index, clock); index++)
            {
                if (worker.ReadLine(index == from ? LongestStart : target.Patience) is not { } line)
                {
                    var (code, error) = worker.End();
                    tally.Add(new CaseId(target.Name, options.Seed, index), string.Create(
                        CultureInfo.InvariantCulture, $"finding the process ended with {code}\t{Tail(error)}"));
                    return index + 1;
                }

                tally.Add(new CaseId(target.Name, options.Seed, index), line);
            }
        }
        catch (TimeoutException)
        {
            tally.Add(new CaseId(target.Name, options.Seed, index), string.Create(
                CultureInfo.InvariantCulture, $"finding it hangs\tno end after {target.Patience.TotalSeconds} s of work"));
            return index + 1;
        }

        return index;
    }

    private bool IsOver(long index, Stopwatch clock) =>
        _isStopped || index - options.From >= (options.Count ?? (options.Seconds is null ? UsualCount : long.MaxValue))
            || clock.Elapsed.TotalSeconds >= (options.Seconds ?? double.PositiveInfinity);

    private static string Tail(string text) =>
        text.ReplaceLineEndings(" | ") is { Length: > 2000 } lines ? lines[..2000] : text.ReplaceLineEndings(" | ");
}
