using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;
using OnnxPrune.Operators;

namespace OnnxPrune.Repair;

/// <summary>
/// Moves what removed channels contribute on average into the biases of the layers that read them.
/// Given: y = W · x + b, where channel c of x leaves and has the mean m   Result: b += m · Σ W[:, c]
/// Given: BatchNormalization(W · x), mean µ                              Result: µ −= m · Σ W[:, c]
/// Exact for a constant channel, unless the layer pads its input with zeros: then it is off by up to the border.
/// </summary>
internal static class MeanAbsorption
{
    /// <summary>True if absorbing a constant into this reader leaves its output unchanged everywhere.</summary>
    public static bool IsExact(Node reader, ConstantValues constants) => CanAbsorb(reader, constants) && reader.OpType switch
    {
        "Conv" => constants[reader.Input(1)] is { Rank: > 2 } weight && !ConvGeometry.Of(reader, [.. weight.Dims.Skip(2)]).IsPadded,
        _ => true,
    };

    /// <summary>
    /// Adds the means of the leaving channels to their readers' biases, as far as similar channels do not stand in for them. Must come
    /// before the cut.
    /// </summary>
    /// <returns>The number of readers that changed, and what is to be folded after the cut.</returns>
    public static (int Readers, IReadOnlyList<ChannelFolding> Foldings) Apply(
        ChannelGraph graph, IReadOnlySet<int> leaving, MomentsFlow moments)
    {
        var changes = new List<(Node Reader, ChannelFolding? Folding, double[] Constants)>();
        foreach (var reader in graph.Consumers)
        {
            if (!CanAbsorb(reader.Node, graph.Constants) || moments.Of(reader.Value) is not { } known || known.Axis != reader.Axis)
            {
                continue;
            }

            var channels = graph.Channels(reader.Value, reader.Axis)!;
            var folding = ChannelFolding.Of(graph, reader.Node, channels, leaving, known);
            var constants = folding?.Constants ?? [.. channels.Select((c, i) => leaving.Contains(c) ? known[i]?.Mean ?? 0 : 0)];
            if (folding is not null || constants.Any(m => m != 0))
            {
                changes.Add((reader.Node, folding, constants));
            }
        }

        foreach (var (reader, _, constants) in changes)
        {
            Shift(graph, reader, Contribution(reader, graph.Constants, constants));
        }

        return (changes.Count, [.. changes.Select(c => c.Folding).OfType<ChannelFolding>()]);
    }

    /// <summary>
    /// True if the layer has neither a bias nor a following BatchNormalization whose mean could take the shift, and gets a bias.
    /// </summary>
    internal static bool AddsBias(Node reader, ConstantValues constants) =>
        reader.Input(2) is null && CanAbsorb(reader, constants) && FollowingNorm(reader, constants) is null;

    // A bias that other nodes read too must not change.
    internal static bool CanAbsorb(Node reader, ConstantValues constants)
    {
        var bias = reader.Input(2);
        var isFree = bias is null
            || (constants[bias] is { Rank: 1 } tensor
                && tensor.ElementType.IsFloatingPoint()
                && bias.Uses.Count == 1
                && !bias.IsGraphOutput);
        return isFree && constants[reader.Input(1)] is { } weight && weight.ElementType.IsFloatingPoint() && reader.OpType switch
        {
            "Conv" => true,
            "Gemm" => reader.Float("beta", 1) != 0
                && (bias is null || constants[bias]!.Dims[0] == weight.Dims[WeightLayout.Of(reader)!.Value.OutputAxis]),
            _ => false,
        };
    }

    /// <summary>The contribution of input channels with these values to each output.</summary>
    private static double[] Contribution(Node reader, ConstantValues constants, double[] means)
    {
        var weight = constants[reader.Input(1)]!;
        var values = weight.ElementType == ElementType.Float ? weight.As<float>() : weight.ToFloats();
        if (reader.OpType == "Gemm")
        {
            var layout = WeightLayout.Of(reader)!.Value;
            var alpha = reader.Float("alpha", 1) / reader.Float("beta", 1);
            var result = new double[layout.Outputs(weight)];
            for (var i = 0; i < values.Length; i++)
            {
                var (row, column) = (i / (int)weight.Dims[1], i % (int)weight.Dims[1]);
                result[layout.OutputAxis == 0 ? row : column] += alpha * values[i] * means[layout.InputAxis == 0 ? row : column];
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
                if (means[(m / outputsPerGroup * perGroup) + c] is not 0 and var mean)
                {
                    var sum = 0.0;
                    foreach (var value in values.Slice(((m * perGroup) + c) * taps, taps))
                    {
                        sum += value;
                    }

                    sums[m] += mean * sum;
                }
            }
        }

        return sums;
    }

    /// <summary>Adds to what the layer makes: in its bias, or in the BatchNormalization behind it, or in a new bias.</summary>
    private static void Shift(ChannelGraph graph, Node reader, double[] shift)
    {
        var name = $"{reader.Inputs[1]!.Name}.bias";
        if (reader.Input(2) is { } old && graph.Constants[old] is { } tensor)
        {
            if (old.IsInitializer || old.Producer is { OpType: "Constant" })
            {
                Add(graph, old, shift, 1);
                return;
            }

            name = old.Name; // Computed from other constants, which stay as they are.
            shift = [.. shift.Zip(tensor.ToDoubles(), (a, b) => a + b)];
        }
        else if (FollowingNorm(reader, graph.Constants) is { } norm)
        {
            Add(graph, norm.Inputs[3]!, shift, -1);
            return;
        }

        var weight = graph.Constants[reader.Input(1)]!;
        var bias = graph.Model.Graph.AddFreshInitializer(name, weight.WithValues(shift, shift.Length));
        reader.SetInput(2, bias);
        graph.Adopt(bias, 0, like: new ValueAxis(reader.Output, 1));
    }

    private static void Add(ChannelGraph graph, Value constant, double[] shift, double sign)
    {
        var tensor = graph.Constants[constant]!;
        var values = tensor.ToDoubles();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] += sign * shift[i];
        }

        ConstantReplacement.Replace(graph.Model.Graph, constant, tensor.WithValues(values), constant.Uses);
        graph.Constants.Forget(constant);
    }

    /// <summary>The BatchNormalization that alone reads the layer, with a mean of its own.</summary>
    private static Node? FollowingNorm(Node reader, ConstantValues constants) =>
        reader.Output is { IsGraphOutput: false, Uses: [{ IsCapture: false, Index: 0, Node: var norm }] }
        && norm is { OpType: "BatchNormalization", Domain: "" }
        && norm.Input(3) is { Uses.Count: 1, IsGraphOutput: false } mean
        && (mean.IsInitializer || mean.Producer is { OpType: "Constant" })
        && constants[mean] is { Rank: 1 }
        && norm.Int("training_mode", 0) == 0
            ? norm
            : null;
}
