using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Training.Tests.Runs;

/// <summary>
/// Noisy images of 8x8 whose class is how their stripes run: rows, columns or not at all. A small network learns them in seconds.
/// </summary>
internal sealed class Stripes(int count, int seed) : IDataSource
{
    public const int Classes = 3;
    public const int Side = 8;

    public string Description => "stripes";

    public int Count => count;

    public bool HasLabels => true;

    public int LargestBatch => int.MaxValue;

    public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => [];

    public int Label(int index) => (index + seed) % Classes;

    public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
    {
        var values = new List<float>();
        foreach (var index in indices)
        {
            var random = new Random((seed * 100_003) + index);
            for (var c = 0; c < 3; c++)
            {
                for (var y = 0; y < Side; y++)
                {
                    for (var x = 0; x < Side; x++)
                    {
                        var wave = Label(index) switch { 0 => y % 2, 1 => x % 2, _ => 0.5 };
                        values.Add((float)(wave - 0.5 + (0.5 * RandomWeights.Normal(random))));
                    }
                }
            }
        }

        return new Dictionary<string, Tensor> { [inputs[0].Name] = Tensor.Of(values.ToArray(), indices.Length, 3, Side, Side) };
    }

    /// <summary>A residual network for them: a stem of 16 channels, four blocks, one of which halves the image.</summary>
    public static Model Network()
    {
        var g = new TestGraph(seed: 11);
        var x = g.ConvBnRelu(g.Input(3, Side, Side), 16);
        x = Block(g, x, 16, 1);
        x = Block(g, x, 16, 1);
        x = Block(g, x, 32, 2);
        x = Block(g, x, 32, 1);
        g.Classify(x, Classes);
        return g.Build();
    }

    private static Wire Block(TestGraph g, Wire x, int outputs, int stride)
    {
        var branch = g.BatchNorm(g.Conv(g.ConvBnRelu(x, outputs, stride: stride), outputs, kernel: 3, bias: false));
        var shortcut = stride == 1 ? x : g.BatchNorm(g.Conv(x, outputs, stride: stride, bias: false));
        return g.Relu(g.Add(branch, shortcut));
    }
}
