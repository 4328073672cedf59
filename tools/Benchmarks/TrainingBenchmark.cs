using System.Diagnostics;
using System.Globalization;
using OnnxPrune;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Torch;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;
using OnnxPrune.Training.Steps;

namespace Benchmarks;

/// <summary>
/// Times training steps as the trainer runs them: batches are augmented on another thread, scores are read back for the accuracy.
/// </summary>
internal sealed class TrainingBenchmark(int steps, int batch, int threads)
{
    private const int WarmUp = 5;
    private const int BatchesPerEpoch = 10;

    public int Run(string path)
    {
        TorchLibrary.Load();
        TorchLibrary.SetThreads(threads);
        var model = OnnxFile.Read(path);
        using var session = OnnxSession.Open(model, SessionSettings.Plain);
        var samples = new SampleStore(session.Inputs[0], (new Noise(BatchesPerEpoch * batch), null));
        var options =
            new TrainingOptions
            {
                Method = TrainingMethod.Finetune,
                Epochs = steps / BatchesPerEpoch,
                BatchSize = batch,
                LearningRate =
                new LearningRate(0.01, Decay.Steps, 0)
            };
        var watch = new Watch();
        using (var run = new TrainingRun(model, null, samples, null, options, TorchLibrary.ParseDevice("cpu"), watch))
        {
            run.Run();
        }

        var times = watch.Milliseconds.Skip(WarmUp).Order().ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| onnxprune | {times[times.Length / 2]:0} | {times[times.Length / 10]:0} | {watch.EarlyMebibytes} → {watch.LateMebibytes} | "
                + $"{watch.PeakMebibytes} |"));
        return 0;
    }

    /// <summary>When each step ended, and how much memory the process had.</summary>
    private sealed class Watch : ITrainingObserver
    {
        private const int Early = 50;
        private long _last = Stopwatch.GetTimestamp();

        public List<double> Milliseconds { get; } = [];

        public long EarlyMebibytes { get; private set; }

        public long LateMebibytes { get; private set; }

        public long PeakMebibytes { get; private set; }

        public void OnStep(StepReport report)
        {
            Milliseconds.Add(Stopwatch.GetElapsedTime(_last).TotalMilliseconds);
            using var process = Process.GetCurrentProcess();
            (LateMebibytes, PeakMebibytes) = (process.WorkingSet64 >> 20, process.PeakWorkingSet64 >> 20);
            EarlyMebibytes = Milliseconds.Count == Early ? LateMebibytes : EarlyMebibytes;
            _last = Stopwatch.GetTimestamp();
        }

        public void OnEpoch(EpochReport report)
        {
        }

        public void OnCut(CutReport report)
        {
        }
    }

    /// <summary>Random images of 3x32x32 in 10 classes.</summary>
    private sealed class Noise(int count) : IDataSource
    {
        private readonly Tensor _image = Tensor.Of([.. Enumerable.Range(0, 3 * 32 * 32).Select(i => (float)Math.Sin(i))], 1, 3, 32, 32);

        public string Description => "noise";

        public int Count => count;

        public bool HasLabels => true;

        public int LargestBatch => 1;

        public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => [];

        public int Label(int index) => new SeededRandom(index).NextInt(10);

        public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices) =>
            new Dictionary<string, Tensor> { [inputs[0].Name] = _image };
    }
}
