using OnnxPrune.Cli.Reports;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Quantization;
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
            if (WeightLayout.Of(node) is not { } layout || constants[node.Input(1)] is not { Count: > 0 } weight)
            {
                continue;
            }

            all += weight.Count;
            if (ChannelLevels.Of(weight, layout.OutputAxis, 1 << bits.Weights) is not null)
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
}
