using System.Diagnostics;

namespace Benchmarks;

/// <summary>Times of the pruner, network by network in turn, so that a slow minute of the machine meets them all.</summary>
internal sealed class SpeedBenchmark(string program, ModelCache models, string target)
{
    private const double MiB = 1024 * 1024;

    public int Run(IReadOnlyList<string> networks, int runs)
    {
        var files = networks.Select(models.Get).ToArray();
        var folder = Directory.CreateTempSubdirectory("onnxprune-benchmark-");
        try
        {
            Measure(networks, files, runs, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return 0;
    }

    private void Measure(IReadOnlyList<string> networks, string[] files, int runs, string folder)
    {
        var measured = files.Select(_ => new List<ProgramRun>()).ToArray();
        var floors = files.Select(_ => new List<double>()).ToArray();
        var starts = new List<double>();
        var load = Load();
        for (var round = 0; round <= runs; round++)
        {
            var start = ProgramRun.Of(program, "--version");
            for (var i = 0; i < files.Length; i++)
            {
                var output = Path.Combine(folder, $"{i}.onnx");
                var run = Prune(files[i], output);
                var floor = Copy(files[i], output, folder);
                if (round > 0)
                {
                    measured[i].Add(run);
                    floors[i].Add(floor);
                }
            }

            if (round > 0)
                starts.Add(start.Wall.TotalMilliseconds);
        }

        Console.WriteLine(
            $"`onnxprune NETWORK.onnx out.onnx --target {target} --no-verify`, whole processes, medians of {runs} interleaved runs after "
                + "one");
        Console.WriteLine(
            $"that does not count; {Environment.ProcessorCount} cores, load average {load} at the start and {Load()} at the end.");
        Console.WriteLine("");
        Console.WriteLine("| network | file MiB | wall s (fastest, slowest) | CPU s | peak memory MiB | peak / file | read + write s |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        for (var i = 0; i < files.Length; i++)
        {
            var walls = measured[i].ConvertAll(r => r.Wall.TotalSeconds);
            var (size, peak) = (new FileInfo(files[i]).Length / MiB, Median(measured[i].ConvertAll(r => r.PeakBytes / MiB)));
            Console.WriteLine(
                $"| {networks[i]} | {size:F1} | {Median(walls):F3} ({walls.Min():F3}, {walls.Max():F3}) | {Cpu(measured[i]):F2} | "
                    + $"{peak:F0} | {peak / size:F2} | {Median(floors[i]):F3} |");
        }

        ShowPhases(networks, measured);
        Console.WriteLine("");
        Console.WriteLine(
            $"Start of the process alone (`--version`): {Median(starts):F0} ms. Read + write: the input read, and as many bytes as the "
                + "result has");
        Console.WriteLine("written and flushed, by one program that does nothing else.");
        var (fifty, deepest) = (networks.ToList().IndexOf("resnet50"), networks.ToList().IndexOf("resnet152"));
        if (fifty >= 0 && deepest >= 0)
            Console.WriteLine(
                $"ResNet-152 costs {Wall(measured[deepest]) / Wall(measured[fifty]):F2} times ResNet-50, and "
                    + $"{Cpu(measured[deepest]) / Cpu(measured[fifty]):F2} times its processor time.");
    }

    /// <summary>The phases as the program states them; what is left is its start, its end and what it prints.</summary>
    private static void ShowPhases(IReadOnlyList<string> networks, List<ProgramRun>[] measured)
    {
        var phases = measured.Select(runs => runs.ConvertAll(PhaseTimes.Of)).ToArray();
        var names = phases[0][0].Keys.Where(name => phases.All(runs => runs.All(r => r.ContainsKey(name)))).ToArray();
        Console.WriteLine("");
        Console.WriteLine($"| ms | {string.Join(" | ", networks)} |");
        Console.WriteLine($"|---|{string.Concat(networks.Select(_ => "---:|"))}");
        foreach (var name in names)
            Console.WriteLine($"| {name} | {string.Join(" | ", phases.Select(runs => $"{Median(runs.ConvertAll(r => r[name])):F1}"))} |");

        var rests = measured.Select((runs, i) =>
            Median([.. runs.Select((r, k) => r.Wall.TotalMilliseconds - names.Sum(name => phases[i][k][name]))]));
        Console.WriteLine($"| the rest | {string.Join(" | ", rests.Select(ms => $"{ms:F1}"))} |");
    }

    private static double Wall(List<ProgramRun> runs) => Median(runs.ConvertAll(r => r.Wall.TotalSeconds));

    private static double Cpu(List<ProgramRun> runs) => Median(runs.ConvertAll(r => r.Cpu.TotalSeconds));

    private ProgramRun Prune(string input, string output)
    {
        var run = ProgramRun.Of(program, input, output, "--target", target, "--no-verify", "--verbose");
        return run.ExitCode == 0 ? run : throw new InvalidOperationException($"{input}: exit code {run.ExitCode}: {run.Error}");
    }

    /// <summary>The least that any pruner takes: seconds to read one file and to write as much as the other holds.</summary>
    private static double Copy(string input, string like, string folder)
    {
        var left = new FileInfo(like).Length;
        var buffer = new byte[1 << 20];
        var clock = Stopwatch.StartNew();
        using var from = new FileStream(input, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        using var to = new FileStream(Path.Combine(folder, "floor"), FileMode.Create, FileAccess.Write, FileShare.None, 1);
        for (var read = from.Read(buffer); read > 0; read = from.Read(buffer))
        {
            to.Write(buffer, 0, (int)Math.Min(read, left));
            left -= Math.Min(read, left);
        }

        to.Flush(flushToDisk: true);
        return clock.Elapsed.TotalSeconds;
    }

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
