using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// The distance of the network's outputs from the original's. A single output [N, classes] counts as logits: the mean Kullback-Leibler
/// divergence of the class distributions. Anything else counts by its relative squared error, each output as much as any other, whatever
/// its unit.
/// </summary>
/// <remarks>
/// The distributions are softened as in distillation (Hinton et al. 2015): networks are so sure of images like those they were trained on
/// that without it only a few samples would tell anything, and rankings from a few hundred images would be noise.
/// </remarks>
internal sealed class OutputDivergence
{
    private const double Temperature = 4;

    private readonly IReadOnlyList<Value> _outputs;
    private readonly List<double[][]> _original = [];

    public OutputDivergence(Model model, LayerwiseExecutor cursor)
    {
        _outputs = [.. model.Graph.Outputs.Where(o => o.ElementType.IsFloatingPoint() && o.Producer is not null)];
        foreach (var batch in cursor.Look(_outputs))
        {
            _original.Add([.. _outputs.Select(o => Numbers(batch[o]))]);
        }
    }

    /// <summary>
    /// The divergence of what the cursor's model gives now, with whatever weights lie before the cursor's end; it may be another model with
    /// the same outputs. Outputs behind the cursor count as unchanged.
    /// </summary>
    public double Measure(LayerwiseExecutor cursor) => Measure(cursor.Model, cursor.Look(Ahead(cursor)));

    /// <summary>The same where only weights between the cursor and one value change: <see cref="Behind"/> it.</summary>
    public double Measure(DownstreamModel tail) => Measure(tail.Model, tail.Look());

    /// <summary>The model that makes the outputs of a value, to be measured several times; null where there is nothing to make.</summary>
    public DownstreamModel? Behind(LayerwiseExecutor cursor, Value value) =>
        Ahead(cursor) is { Length: > 0 } outputs && !outputs.Contains(value) ? cursor.Behind(value, outputs) : null;

    private Value[] Ahead(LayerwiseExecutor cursor) => [.. Own(cursor.Model).Where(o => !cursor.HasPassed(o))];

    private IEnumerable<Value> Own(Model model) => _outputs.Select(o => model.Graph.Find(o.Name)!);

    private double Measure(Model model, IEnumerable<BatchValues> batches)
    {
        Value[] outputs = [.. Own(model)];
        var (divergence, size) = (new double[outputs.Length], new double[outputs.Length]);
        var b = 0;
        foreach (var batch in batches)
        {
            for (var o = 0; o < outputs.Length; o++)
            {
                if (batch.TryGetValue(outputs[o], out var now))
                {
                    var (before, after) = (_original[b][o], Numbers(now));
                    if (Classes(now) is { } classes)
                    {
                        divergence[o] += KullbackLeibler(Soften(before), Soften(after), classes);
                        size[o] += before.Length / classes;
                    }
                    else
                    {
                        for (var i = 0; i < before.Length; i++)
                        {
                            divergence[o] += (before[i] - after[i]) * (before[i] - after[i]);
                            size[o] += before[i] * before[i];
                        }
                    }
                }
            }

            b++;
        }

        return divergence.Zip(size, (d, s) => d / Math.Max(s, double.Epsilon)).Sum() / Math.Max(outputs.Length, 1);
    }

    private int? Classes(OrtValue value) =>
        _outputs.Count == 1 && value.GetTensorTypeAndShape().Shape is [_, > 1 and < 1 << 20 and var classes] ? (int)classes : null;

    private static double[] Numbers(OrtValue value) => RuntimeTensor.ToTensor(value, "an output").ToDoubles();

    private static double[] Soften(double[] logits) => Array.ConvertAll(logits, x => x / Temperature);

    private static double KullbackLeibler(double[] before, double[] after, int classes)
    {
        var sum = 0.0;
        for (var row = 0; row < before.Length; row += classes)
        {
            var p = before.AsSpan(row, classes);
            var q = after.AsSpan(row, classes);
            var (logZp, logZq) = (LogSumExp(p), LogSumExp(q));
            for (var k = 0; k < classes; k++)
            {
                sum += Math.Exp(p[k] - logZp) * (p[k] - logZp - q[k] + logZq);
            }
        }

        return sum;
    }

    private static double LogSumExp(ReadOnlySpan<double> x)
    {
        var largest = double.NegativeInfinity;
        foreach (var v in x)
        {
            largest = Math.Max(largest, v);
        }

        var sum = 0.0;
        foreach (var v in x)
        {
            sum += Math.Exp(v - largest);
        }

        return largest + Math.Log(sum);
    }
}
