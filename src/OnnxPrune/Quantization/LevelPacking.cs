using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Quantization;

/// <summary>
/// Stores weights that take few levels in each output channel as indices into tables of levels. Runtimes unpack them once, when they load
/// the model, as they fold every constant; what they compute is the same to the bit.
/// Given: w [M, ...], an initializer of int8 or floats with at most 2^b numbers in each of the M channels
/// Result: w = Reshape(GatherElements(levels [M, 2^b], Mod(Div(words, [1, 2^b, 4^b, ...]), 2^b))), where each 64-bit word holds ⌊63/b⌋
/// indices.
/// </summary>
internal static class LevelPacking
{
    private const int WordBits = 63;
    private const int MostBits = 8;

    // Bytes of the nodes that unpack, about.
    private const long Overhead = 512;

    /// <param name="model">In operator set 13 or newer; is changed.</param>
    /// <returns>How many weights were packed: those that take less space so.</returns>
    public static int Apply(Model model)
    {
        var graph = model.Graph;
        var dead = DeadCode.Find(graph);
        var count = 0;
        var shared = new Dictionary<string, Value>();
        foreach (var (weight, axis) in Weights(graph).ToArray())
        {
            if (Table.Of(weight.Initializer!, axis) is { } table && table.Bytes + Overhead < weight.Initializer!.Data.Length)
            {
                var first = graph.Nodes.First(n => weight.Uses.Any(u => u.Node == n));
                var unpacked = Unpack(graph, weight, axis, table, first, shared);
                foreach (var use in weight.Uses.ToArray())
                {
                    use.Node.SetInput(use.Index, unpacked);
                }

                count++;
            }
        }

        DeadCode.Remove(graph, dead);
        return count;
    }

    /// <summary>The initializers that layers multiply by, themselves or dequantized, with the axis of the output channels.</summary>
    private static IEnumerable<(Value Weight, int Axis)> Weights(Graph graph)
    {
        var seen = new HashSet<Value>();
        foreach (var layer in graph.Nodes)
        {
            if (WeightLayout.Of(layer) is { } layout && layer.Input(1) is { } read
                && (read.Producer is { OpType: "DequantizeLinear" } dequantize ? dequantize.Required(0) : read) is var weight
                && weight is { IsInitializer: true, IsGraphInput: false, IsGraphOutput: false }
                && weight.Initializer is { HasBytes: true, Rank: >= 2, Count: > 0 }
                && weight.Initializer.ElementType is ElementType.Int8 or ElementType.Float
                && weight.Uses.All(u => !u.IsCapture)
                && seen.Add(weight))
            {
                yield return (weight, layout.OutputAxis);
            }
        }
    }

    /// <param name="shared">Constants that all weights unpack by.</param>
    private static Value Unpack(Graph graph, Value weight, int axis, Table table, Node before, Dictionary<string, Value> shared)
    {
        var (name, content) = (weight.Name, weight.Initializer!);
        long[] channelsFirst = [.. ChannelLevels.ChannelsFirst(content, axis).Dims];
        var (features, perWord) = (content.Count / table.Rows, WordBits / table.Bits);
        var powers = Enumerable.Range(0, perWord).Select(i => 1L << (i * table.Bits)).ToArray();
        var quotients = Add("Div", [Constant("words", table.Words), Shared($"powers_of_{1 << table.Bits}", Tensor.Of(powers, perWord))]);
        var indices = Add("Mod", [quotients, Shared($"levels_of_{table.Bits}_bits", Tensor.Of([1L << table.Bits], []))]);
        indices = Add("Reshape", [indices, Shared("rows", Tensor.Of([0, -1], 2))]);
        var levels = Add("GatherElements", [Constant("levels", table.Levels), indices], new NodeAttribute("axis", 1L));
        if (table.Words.Dims[1] * perWord > features)
        {
            levels = Add("Slice", [
                levels, Shared("first", Tensor.Of([0L], 1)), Shared($"features_{features}", Tensor.Of([features], 1)),
                Shared("feature_axis", Tensor.Of([1L], 1))
            ]);
        }

        levels = Add("Reshape", [levels, Constant("shape", Tensor.Of(channelsFirst, channelsFirst.Length))]);
        if (axis > 0)
        {
            // Channels come first in the table, and go back to their place.
            long[] places = [.. Enumerable.Range(0, content.Rank).Select(i => i == axis ? 0L : i < axis ? i + 1L : i)];
            levels = Add("Transpose", [levels], new NodeAttribute("perm", places));
        }

        (levels.ElementType, levels.Shape) = (content.ElementType, new Shape(content.Dims.Select(d => new Dim(d))));
        return levels;

        Value Add(string op, Value?[] inputs, params NodeAttribute[] attributes) =>
            graph.AddNode("", op, inputs, [graph.FreshName($"{name}_{op}")], attributes, before: before).Output;

        Value Constant(string what, Tensor tensor) => graph.AddFreshInitializer($"{name}_{what}", tensor);

        Value Shared(string what, Tensor tensor) =>
            shared.TryGetValue(what, out var value) ? value : shared[what] = graph.AddFreshInitializer($"unpack_{what}", tensor);
    }

    /// <summary>The levels of each output channel, and each weight's index among them.</summary>
    /// <param name="Levels">[M, 2^b], in the weight's type; rows that have fewer levels end in zeros.</param>
    /// <param name="Words">[M, words, 1]: the first index in the lowest bits.</param>
    private sealed record Table(Tensor Levels, Tensor Words, int Bits)
    {
        public long Rows => Levels.Dims[0];

        public long Bytes => Levels.Data.Length + Words.Data.Length;

        /// <returns>Null where a channel takes more levels than can be worth it.</returns>
        public static Table? Of(Tensor weight, int axis)
        {
            if (ChannelLevels.Of(weight, axis, 1 << MostBits) is not { } channels)
            {
                return null;
            }

            var (levels, outputs, features) = (channels.Levels, channels.Levels.Count, channels.Features);
            var size = weight.ElementType.SizeInBytes();
            var bits = Math.Max(1, (int)Math.Ceiling(Math.Log2(levels.Max(l => l.Length))));
            var perWord = WordBits / bits;
            var words = new long[outputs, (features + perWord - 1) / perWord];
            var table = new byte[outputs << bits][];
            for (var m = 0; m < outputs; m++)
            {
                for (var i = 0; i < 1 << bits; i++)
                {
                    table[(m << bits) + i] = BitConverter.GetBytes(i < levels[m].Length ? levels[m][i] : 0)[..size];
                }

                for (var f = 0; f < features; f++)
                {
                    words[m, f / perWord] |= (long)channels.IndexOf(m, f) << (f % perWord * bits);
                }
            }

            return new Table(
                new Tensor(weight.ElementType, [outputs, 1L << bits], table.SelectMany(b => b).ToArray()),
                Tensor.Of([.. words.Cast<long>()], outputs, words.GetLength(1), 1),
                bits);
        }
    }
}
