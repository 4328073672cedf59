using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Repair;

/// <summary>
/// Moves what removed channels contribute on average into the biases of the layers that read them.
/// Given: y = W · x + b, where channel c of x leaves and has the mean m   Result: b += m · Σ W[:, c]
/// Exact for a constant channel, unless the layer pads its input with zeros: then it is off by up to the border.
/// </summary>
public static class MeanAbsorption
{
    /// <summary>Whether absorbing a constant into this reader leaves its output unchanged everywhere.</summary>
    public static bool IsExact(Node reader, ConstantValues constants) => CanAbsorb(reader, constants) && reader.OpType switch
    {
        "Conv" => (reader.Ints("pads") ?? []).All(p => p == 0) && reader.String("auto_pad", "NOTSET") is "NOTSET" or "VALID",
        _ => true,
    };

    /// <summary>Adds the means of the leaving channels to their readers' biases. Must come before the cut.</summary>
    /// <returns>The number of readers whose bias changed.</returns>
    public static int Apply(ChannelGraph graph, IReadOnlySet<int> leaving, MomentsFlow moments)
    {
        var changed = 0;
        foreach (var reader in graph.Readers)
        {
            if (!CanAbsorb(reader.Node, graph.Constants) || moments.Of(reader.Value) is not { } known || known.Axis != reader.Axis)
            {
                continue;
            }

            var channels = graph.Channels(reader.Value, reader.Axis)!;
            var means = channels.Select((c, i) => leaving.Contains(c) ? known[i]?.Mean ?? 0 : 0).ToArray();
            if (means.Any(m => m != 0))
            {
                AddToBias(graph, reader.Node, Contribution(reader.Node, graph.Constants, means));
                changed++;
            }
        }

        return changed;
    }

    // A bias that other nodes read too must not change.
    internal static bool CanAbsorb(Node reader, ConstantValues constants)
    {
        var bias = reader.Input(2);
        var isFree = bias is null || (constants[bias] is { Rank: 1 } tensor && tensor.ElementType.IsFloatingPoint() && bias.Uses.Count == 1 && !bias.IsGraphOutput);
        return isFree && constants[reader.Input(1)] is { } weight && weight.ElementType.IsFloatingPoint() && reader.OpType switch
        {
            "Conv" => true,
            "Gemm" => reader.Float("beta", 1) != 0 && (bias is null || constants[bias]!.Dims[0] == weight.Dims[Operators.Gemm.WeightAxes(reader).N]),
            _ => false,
        };
    }

    /// <summary>What input channels with these values add to each output.</summary>
    private static double[] Contribution(Node reader, ConstantValues constants, double[] means)
    {
        var weight = constants[reader.Input(1)]!;
        var values = weight.ToDoubles();
        if (reader.OpType == "Gemm")
        {
            var (k, n) = Operators.Gemm.WeightAxes(reader);
            var alpha = reader.Float("alpha", 1) / reader.Float("beta", 1);
            var result = new double[weight.Dims[n]];
            for (var i = 0; i < values.Length; i++)
            {
                var (row, column) = (i / (int)weight.Dims[1], i % (int)weight.Dims[1]);
                result[n == 0 ? row : column] += alpha * values[i] * means[k == 0 ? row : column];
            }

            return result;
        }

        var (outputs, perGroup) = ((int)weight.Dims[0], (int)weight.Dims[1]);
        var taps = values.Length / Math.Max(1, outputs * perGroup);
        var outputsPerGroup = outputs / (int)reader.Int("group", 1);
        var sums = new double[outputs];
        for (var m = 0; m < outputs; m++)
        {
            for (var c = 0; c < perGroup; c++)
            {
                var mean = means[(m / outputsPerGroup * perGroup) + c];
                for (var t = 0; mean != 0 && t < taps; t++)
                {
                    sums[m] += mean * values[(((m * perGroup) + c) * taps) + t];
                }
            }
        }

        return sums;
    }

    private static void AddToBias(ChannelGraph graph, Node reader, double[] contribution)
    {
        var name = $"{reader.Inputs[1]!.Name}.bias";
        if (reader.Input(2) is { } old && graph.Constants[old] is { } tensor)
        {
            var values = tensor.ToDoubles();
            for (var i = 0; i < values.Length; i++)
            {
                contribution[i] += values[i];
            }

            if (old.IsInitializer || old.Producer is { OpType: "Constant" })
            {
                Rewriting.ConstantReplacement.Replace(graph.Model.Graph, old, tensor.WithValues(contribution), old.Uses);
                graph.Constants.Forget(old);
                return;
            }

            name = old.Name; // Computed from other constants, which stay as they are.
        }

        var weight = graph.Constants[reader.Input(1)]!;
        var bias = graph.Model.Graph.AddFreshInitializer(name, weight.WithValues(contribution, contribution.Length));
        reader.SetInput(2, bias);
        graph.Adopt(bias, 0, like: new ValueAxis(reader.Output, 1));
    }
}
