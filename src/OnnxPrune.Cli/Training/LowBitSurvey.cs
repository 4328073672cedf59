using OnnxPrune.Cli.Reports;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Training.LowBits;

namespace OnnxPrune.Cli.Training;

/// <summary>Counts the layers of a trained network whose weights take as few numbers in each output channel as few bits can hold.</summary>
internal static class LowBitSurvey
{
    /// <param name="network">Of floats, as training left it.</param>
    public static ReportLowBits Of(Model network, BitWidths bits)
    {
        var constants = new ConstantValues();
        var (few, weights, all) = (0, 0L, 0L);
        var others = new List<string>();
        foreach (var node in network.Graph.Nodes)
        {
            if (WeightLayout.Of(node) is not { } layout || constants[node.Input(1)] is not { } weight)
            {
                continue;
            }

            all += weight.Count;
            if (TakesFew(weight, layout.OutputAxis, 1 << bits.Weights))
            {
                few++;
                weights += weight.Count;
            }
            else
            {
                others.Add(node.Label);
            }
        }

        return new ReportLowBits(bits.Weights, bits.Activations, few, others, all == 0 ? 0 : (double)weights / all);
    }

    private static bool TakesFew(Tensor weight, int outputAxis, int levels)
    {
        var (length, inner) = ((int)weight.Dims[outputAxis], (int)weight.Dims.Skip(outputAxis + 1).Aggregate(1L, (a, d) => a * d));
        var numbers = Enumerable.Range(0, length).Select(_ => new HashSet<float>()).ToArray();
        var values = weight.ToFloats();
        for (var i = 0; i < values.Length; i++)
        {
            var channel = numbers[i / inner % length];
            channel.Add(values[i]);
            if (channel.Count > levels)
            {
                return false;
            }
        }

        return true;
    }
}
