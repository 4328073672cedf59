using System.Globalization;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Processes;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// A Slurm job array with an element for each point, which run on machines that see the same folders. The array is waited for; a process
/// that is stopped meanwhile leaves it running, and the same command goes on waiting.
/// </summary>
internal sealed class SlurmEngine(SweepEngine engine, PointStore store, Terminal terminal)
{
    private const string Script = "sweep.sbatch";
    private const string Job = "sweep.job";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(2);

    /// <summary>Submits the points until each has a record, or was tried as often as it may be.</summary>
    /// <exception cref="UsageException">Slurm is not there.</exception>
    /// <exception cref="VerificationFailedException">Slurm takes no job.</exception>
    public void Work(IReadOnlyList<SweepPoint> points) => Attempts.Make(points, engine.Retries, "submitted", store, terminal, some =>
    {
        var job = Running() ?? Submit(some);
        Wait(job, some);
        File.Delete(store.At(Job));
    });

    private string Submit(IReadOnlyList<SweepPoint> points)
    {
        ReportFile.Write(store.At(Script), Text());
        var array = string.Join(',', points.Select(p => p.Index)) + (engine.Jobs is { } jobs ? $"%{jobs}" : "");
        var result = Ask("sbatch", ["--parsable", $"--array={array}", .. engine.Arguments, store.At(Script)]);
        if (result.ExitCode != 0)
        {
            throw new VerificationFailedException(
                $"Slurm takes no job: sbatch ended with exit code {result.ExitCode}: {result.Error.Trim()}");
        }

        // "1234", or "1234;cluster".
        var job = result.Output.Trim().Split(';')[0];
        ReportFile.Write(store.At(Job), job + "\n");
        terminal.Note($"submitted the job array {job} of {Numbers.Count(points.Count, "point")} to Slurm.");
        return job;
    }

    /// <summary>The script that each element runs. Slurm starts it where it was submitted, with the environment of then.</summary>
    private string Text()
    {
        // The shell puts the element's number in.
        const string Number = "POINT";
        var words = PointCommand.Program.Concat(PointCommand.Arguments(Number))
            .Select(w => w == $"--point={Number}" ? "\"--point=$SLURM_ARRAY_TASK_ID\"" : PointCommand.Quote(w));
        return $"""
            #!/bin/bash
            #SBATCH --job-name=onnxprune-sweep
            #SBATCH --output={store.Logs}/slurm-%A_%a.log
            exec {string.Join(" \\\n  ", words)}

            """;
    }

    /// <summary>The array that an earlier run of the command has left running; null for none.</summary>
    private string? Running()
    {
        var path = store.At(Job);
        var job = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        if (job.Length == 0 || Left(job) == 0)
        {
            return null;
        }

        terminal.Note($"the job array {job} is still running, and is waited for.");
        return job;
    }

    private void Wait(string job, IReadOnlyList<SweepPoint> points) => terminal.Watched($"waiting for the job array {job}", progress =>
    {
        for (int left; (left = Left(job)) > 0;)
        {
            progress.Report(Math.Clamp(1 - ((double)left / points.Count), 0, 1));
            Thread.Sleep(Poll);
        }

        return true;
    });

    /// <summary>
    /// The number of elements that are waiting or running. Slurm forgets jobs some time after their end, and then knows
    /// none of that number.
    /// </summary>
    private static int Left(string job)
    {
        var result = Ask("squeue", ["--noheader", "--array", "--format=%i", string.Create(CultureInfo.InvariantCulture, $"--jobs={job}")]);
        return result.ExitCode == 0
            ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Length
            : result.Error.Contains("Invalid job id", StringComparison.Ordinal) ? 0
            : throw new VerificationFailedException(
                $"Slurm does not answer: squeue ended with exit code {result.ExitCode}: {result.Error.Trim()} The jobs go on, and the same "
                    + "command waits for them.");
    }

    private static ChildResult Ask(string program, string[] arguments)
    {
        try
        {
            return ChildProcess.Start([program, .. arguments]).Wait(LongestAnswer);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new UsageException($"--engine slurm wants Slurm's '{program}', which cannot be started here: {e.Message}", e);
        }
    }
}
