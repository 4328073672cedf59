using System.Diagnostics;
using System.Globalization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace Benchmarks;

/// <summary>Images per second that a folder gives, batch by batch.</summary>
internal sealed class ImageBenchmark(int count, int? resize)
{
    private const int Batch = 50;
    private const int Rounds = 5;

    public int Run(string folder)
    {
        ValueDescription[] inputs = [new("x", ElementType.Float, new Shape(Dim.Unknown, 3, Dim.Unknown, Dim.Unknown))];
        var source = DataSource.Open(folder, "none", resize);
        int[] samples = [.. Enumerable.Range(0, Math.Min(count, source.Count))];
        for (var round = 0; round < Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var read = source.Batches(inputs, samples, Batch).Sum(b => b.Count);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{read} images: {read / watch.Elapsed.TotalSeconds:#,0} per second"));
        }

        return 0;
    }
}
