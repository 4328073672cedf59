using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency;

/// <summary>The settings of a race.</summary>
internal sealed record RaceSettings
{
    /// <summary>The time that the race lasts, warm-up included, apart from the runs that <see cref="FewestRounds"/> enforces.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(2.5);

    public int FewestRounds { get; init; } = 5;

    public int MostRounds { get; init; } = 1000;

    /// <summary>Runs of each session before anything is measured, at least; a tenth of the budget is spent on them.</summary>
    public int FewestWarmUps { get; init; } = 2;

    /// <summary>A race of as many seconds as a text says, and of the usual time where it says none. More time gives more rounds.</summary>
    public static RaceSettings Reported(string? seconds)
    {
        var usual = new RaceSettings();
        return double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given)
            && given is > 0 and < 3600
            ? usual with
            {
                Budget = TimeSpan.FromSeconds(given),
                MostRounds = (int)Math.Max(usual.MostRounds, usual.MostRounds * given / usual.Budget.TotalSeconds),
            }
            : usual;
    }
}

/// <summary>
/// Runs several sessions in turn, so that whatever slows the machine down hits all alike. Inputs and outputs are bound once (on the GPU:
/// on the device), so that nothing but the model is timed.
/// </summary>
internal static class InterleavedBenchmark
{
    // Low enough that most of these runs were not interrupted on a busy machine, high enough to repeat.
    private const double Quiet = 0.2;

    /// <summary>Races the sessions on the same inputs.</summary>
    /// <param name="sessions">One or more; they stay the caller's, and should be opened with the same settings.</param>
    /// <param name="inputs">What all of them are fed; the first axis of the first input is reported as the batch.</param>
    /// <param name="progress">Is told the share of the race that is done, 0 to 1.</param>
    /// <exception cref="UsageException">The inputs do not fit a session.</exception>
    /// <exception cref="UnsupportedModelException">The runtime fails.</exception>
    public static LatencyReport Run(
        IReadOnlyList<OnnxSession> sessions,
        IReadOnlyDictionary<string, Tensor> inputs,
        RaceSettings? settings = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sessions.Count);
        settings ??= PairedBenchmark.Long;
        var racers = new List<Racer>();
        try
        {
            foreach (var session in sessions)
            {
                racers.Add(new Racer(session, inputs));
            }

            var load = new MachineLoad();
            var times = Race(racers, settings, progress, cancellation);
            return Report(sessions, times, Batch(sessions[0], inputs)) with { CoresOfOthers = load.CoresOfOthers() };
        }
        finally
        {
            racers.ForEach(r => r.Dispose());
        }
    }

    private static long Batch(OnnxSession session, IReadOnlyDictionary<string, Tensor> inputs) =>
        session.Inputs.Count > 0 && inputs[session.Inputs[0].Name] is { Rank: > 0 } first ? first.Dims[0] : 1;

    /// <summary>Milliseconds by racer and round.</summary>
    private static List<double>[] Race(
        List<Racer> racers, RaceSettings settings, IProgress<double>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < settings.FewestWarmUps || clock.Elapsed < settings.Budget / 10; i++)
        {
            Round(racers, (_, _) => { }, cancellation);
        }

        var times = racers.ConvertAll(_ => new List<double>()).ToArray();
        for (var round = 0; round < settings.MostRounds && (round < settings.FewestRounds || clock.Elapsed < settings.Budget); round++)
        {
            // Every other round goes backwards: the one that runs after a large model finds the caches cold.
            Round(round % 2 == 0 ? racers : Enumerable.Reverse(racers), (racer, time) =>
                times[racers.IndexOf(racer)].Add(time), cancellation);
            progress?.Report(Math.Min(1, Math.Max(clock.Elapsed / settings.Budget, (double)(round + 1) / settings.MostRounds)));
        }

        return times;
    }

    private static void Round(IEnumerable<Racer> racers, Action<Racer, double> finished, CancellationToken cancellation)
    {
        foreach (var racer in racers)
        {
            cancellation.ThrowIfCancellationRequested();
            finished(racer, racer.Run());
        }
    }

    private static LatencyReport Report(IReadOnlyList<OnnxSession> sessions, List<double>[] times, long batch)
    {
        var racers = sessions.Select((s, i) => Report(s.Model, times[i], times[0]));
        return new LatencyReport([.. racers], times[0].Count, batch, Providers.Describe(sessions[0].Settings));
    }

    private static RacerLatency Report(string model, List<double> times, List<double> first)
    {
        double[] ratios = [.. times.Zip(first, (time, reference) => time / reference)];
        var (low, high) = MedianInterval.OfSeries(ratios);
        return new RacerLatency(model, Quantile([.. times], 0.5), Quantile([.. times], 0.9), Quantile([.. ratios], 0.5))
        {
            RoundMilliseconds = times,
            P99Milliseconds = Quantile([.. times], 0.99),
            RatioLow = low,
            RatioHigh = high,
            QuietRatio = Quantile([.. times], Quiet) / Quantile([.. first], Quiet),
        };
    }

    /// <summary>With linear interpolation between the neighbours.</summary>
    internal static double Quantile(double[] values, double share)
    {
        Array.Sort(values);
        var at = share * (values.Length - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, values.Length - 1);
        return values[below] + ((at - below) * (values[above] - values[below]));
    }

    /// <summary>A session with its inputs and outputs bound.</summary>
    private sealed class Racer : IDisposable
    {
        private readonly OnnxSession _session;
        private readonly Feed _feed;
        private readonly OrtIoBinding _binding;

        public Racer(OnnxSession session, IReadOnlyDictionary<string, Tensor> inputs)
        {
            _session = session;
            _feed = session.Feed(inputs);
            _binding = session.Inner.CreateIoBinding();
            try
            {
                Bind();
            }
            catch (OnnxRuntimeException e)
            {
                Dispose();
                throw SessionFailure.ForRunning(session.Model, e);
            }
        }

        // Binding copies the inputs to the device; outputs are allocated there on every run, from the arena.
        private void Bind()
        {
            foreach (var (name, value) in _feed.Values)
            {
                _binding.BindInput(name, value);
            }

            _binding.SynchronizeBoundInputs();
            var onDevice = Providers.Resolve(_session.Settings.Provider) == ExecutionProvider.Cuda;
            using var device = onDevice ? new OrtMemoryInfo("Cuda", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default) : null;
            foreach (var output in _session.Outputs)
            {
                _binding.BindOutputToDevice(output.Name, device ?? OrtMemoryInfo.DefaultInstance);
            }
        }

        /// <summary>One run; milliseconds.</summary>
        public double Run() => _session.Limited(options =>
        {
            var start = Stopwatch.GetTimestamp();
            _session.Inner.RunWithBinding(options, _binding);
            _binding.SynchronizeBoundOutputs();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });

        public void Dispose()
        {
            _binding.Dispose();
            _feed.Dispose();
        }
    }
}
