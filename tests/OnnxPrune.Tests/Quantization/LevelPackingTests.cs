using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

public sealed class LevelPackingTests
{
    [Theory]
    [InlineData(2, 32)]
    [InlineData(3, 32)]
    [InlineData(4, 32)]
    [InlineData(5, 32)]
    [InlineData(2, 8)]
    [InlineData(3, 8)]
    [InlineData(4, 8)]
    public void Packed_weights_are_the_same_numbers_for_us_and_for_the_runtime(int bits, int stored)
    {
        // given
        var model = Network(1 << bits, stored);
        var original = model.Clone();

        // when
        var packed = LevelPacking.Apply(model);

        // then: words of 63 bits waste some, and each channel has its table.
        Assert.Equal(4, packed);
        Assert.InRange(Weights(model), 0.9 * bits / stored, (1.5 * bits / stored) + (0.02 * (1 << bits)));
        var (before, after, constants) = (Layers(original), Layers(model), new ConstantValues());
        Assert.All(before.Zip(after), pair =>
        {
            var (then, now) = (constants[pair.First.Input(1)]!, constants[pair.Second.Input(1)]!);
            Assert.Equal(then.Dims, now.Dims);
            Assert.True(then.Data.Span.SequenceEqual(now.Data.Span));
        });
        Assert.Equal(Run(original), Run(model));

        double Weights(Model some) => (double)some.Graph.Initializers.Sum(i => i.Initializer!.Data.Length)
            / original.Graph.Initializers.Sum(i => i.Initializer!.Data.Length);
    }

    [Fact]
    public void A_packed_network_is_cut_like_any_other()
    {
        var model = Network(8, 32);
        LevelPacking.Apply(model);

        Oracle.Holds(OnnxFile.FromBytes(OnnxFile.ToBytes(model)), MaskedEqualsPruned.Tolerance, 1, "conv1", "conv2");
    }

    [Fact]
    public void Weights_that_take_many_numbers_stay()
    {
        var model = Network(null, 32);
        var before = OnnxFile.ToBytes(model);

        Assert.Equal(0, LevelPacking.Apply(model));
        Assert.Equal(before, OnnxFile.ToBytes(model));
    }

    private static Node[] Layers(Model model) =>
        [.. model.Graph.Nodes.Where(n => n.OpType is "Conv" or "ConvTranspose" or "MatMul" or "Gemm")];

    /// <summary>A layer of each kind, whose weights take so many numbers in a channel; null for any number.</summary>
    private static Model Network(int? levels, int bits)
    {
        var g = new TestGraph(seed: 4) { Opset = 13 };
        var random = new Random(5);
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 32, kernel: 3));
        x = g.Relu(g.Conv(x, 32, kernel: 3, weight: Weight(0, 32, 32, 3, 3)));
        x = g.Relu(new Wire(g.Op("ConvTranspose", [x, Weight(1, 32, 96, 3, 3)]), 96));
        var flat = g.Flatten(g.GlobalAveragePool(x));
        var hidden = g.Relu(new Wire(g.Op("MatMul", [flat, Weight(1, 96, 300)]), 300));
        g.Output(new Wire(g.Op("Gemm", [hidden, Weight(0, 40, 300), g.Weight(40)], ("transB", 1L)), 40));
        return g.Build();

        string Weight(int axis, params long[] dims)
        {
            var count = (int)dims.Aggregate(1L, (a, b) => a * b);
            var inner = (int)dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
            int Channel(int i) => (int)(i / inner % dims[axis]);
            if (bits == 8)
            {
                byte[] integers = [.. Enumerable.Range(0, count).Select(i =>
                    (byte)(sbyte)((random.Next(levels!.Value) * (Channel(i) % 7 + 2)) - 60))];
                return g.Op("DequantizeLinear", [g.Constant(new Tensor(ElementType.Int8, dims, integers)), g.Scalar(0.001)]);
            }

            float[] values = [.. Enumerable.Range(0, count).Select(i => levels is { } some
                ? (float)Math.Sin((random.Next(some) * 3.7) + Channel(i)) * 0.1f
                : (float)RandomWeights.Normal(random) * 0.1f)];
            return g.Constant(Tensor.Of(values, dims));
        }
    }

    private static float[] Run(Model model)
    {
        using var session = OnnxSession.Open(model, SessionSettings.Plain);
        return session.Run(SyntheticInputs.Make(session, 1, new Dictionary<string, long[]> { ["input1"] = [2, 3, 4, 4] }))
            .Values.SelectMany(t => t.ToFloats()).ToArray();
    }
}
