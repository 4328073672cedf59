using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>Lengths that the network computes of its own shapes, as exporters write them where sizes are open.</summary>
public sealed class ComputedLengthTests
{
    private const int C = 8;

    private static readonly long[] s_open = [-1, 3, -1, -1];

    private static Wire Start(TestGraph g) => g.Relu(g.Conv(OpenInput(g), C, 3));

    /// <summary>An input with batch, height and width open, each of its own length.</summary>
    private static Wire OpenInput(TestGraph g)
    {
        var x = g.Input(ElementType.Float, s_open, 3);
        var dims = g.Proto.Graph.Input[^1].Type.TensorType.Shape.Dim;
        (dims[2].DimParam, dims[3].DimParam) = ("height", "width");
        return x;
    }

    private static string Scalar(TestGraph g, long value) => g.Constant(new Tensor(ElementType.Int64, [], BitConverter.GetBytes(value)));

    /// <summary>The length of an axis as a list of one, as TorchScript writes <c>x.size(axis)</c>.</summary>
    private static string Length(TestGraph g, string x, long axis) =>
        g.Op("Unsqueeze", [g.Op("Gather", [g.Op("Shape", [x]), Scalar(g, axis)]), g.Longs(0)]);

    private static string List(TestGraph g, params string[] lengths) => g.Op("Concat", lengths, ("axis", 0L));

    [Fact]
    public void Back_to_the_shape_from_before()
    {
        var g = new TestGraph();
        var x = Start(g);
        var flat = g.Op("Reshape", [x, g.Longs(0, 0, -1)]);
        g.Close(g.Binary("Mul", x, g.Op("Reshape", [g.Op("Sigmoid", [flat]), g.Op("Shape", [x])])));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Channel_shuffle_of_open_sizes(int groups)
    {
        var g = new TestGraph();
        var x = Start(g);
        for (var i = 0; i < 3; i++)
        {
            var (n, h, w) = (Length(g, x, 0), Length(g, x, 2), Length(g, x, 3));
            var split = g.Op("Reshape", [x, List(g, n, g.Longs(groups, C / groups), h, w)]);
            var swapped = g.Op("Transpose", [split], ("perm", new long[] { 0, 2, 1, 3, 4 }));
            x = g.Relu(g.Depthwise(new Wire(g.Op("Reshape", [swapped, List(g, n, g.Longs(-1), h, w)]), C)));
        }

        g.Close(x);

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Channel_shuffle_by_a_computed_number_of_channels()
    {
        var g = new TestGraph();
        var x = Start(g);
        var (n, c, h, w) = (Length(g, x, 0), Length(g, x, 1), Length(g, x, 2), Length(g, x, 3));
        var half = g.Op("Div", [c, g.Longs(2)]);
        var split = g.Op("Reshape", [x, List(g, n, g.Longs(2), half, h, w)]);
        var swapped = g.Op("Transpose", [split], ("perm", new long[] { 0, 2, 1, 3, 4 }));
        g.Close(new Wire(g.Op("Reshape", [swapped, List(g, n, g.Longs(-1), h, w)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Flatten_of_open_sizes_in_front_of_a_layer_that_says_how_many()
    {
        var g = new TestGraph();
        var flat = g.Flatten(g.Op("MaxPool", Start(g), ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })), 16);
        g.Output(g.Linear(g.Relu(g.BatchNorm(flat)), 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void View_of_open_sizes_in_front_of_the_last_layer()
    {
        var g = new TestGraph();
        var pooled = g.Op("AveragePool", Start(g), ("kernel_shape", new long[] { 8, 8 }));
        g.Output(g.Linear(new Wire(g.Op("Reshape", [pooled, List(g, Length(g, pooled, 0), g.Longs(-1))]), C), 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Features_that_are_padded_to_the_size_of_others()
    {
        var g = new TestGraph();
        var x = Start(g);
        var small = g.Op("MaxPool", x, ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 3, 3 }));
        var up = g.ConvTranspose(small, 6);
        var pairs = new List<string>();
        foreach (var axis in new[] { 3, 2 })
        {
            var missing = g.Op("Sub", [Length(g, x, axis), Length(g, up, axis)]);
            var before = g.Op("Cast", [g.Op("Div", [missing, g.Longs(2)])], ("to", (long)ElementType.Int64));
            pairs.AddRange([before, g.Op("Sub", [missing, before])]);
        }

        var none = g.Op("ConstantOfShape", [g.Op("Sub", [g.Longs(8), g.Op("Shape", [List(g, [.. pairs])])])], ("value", Tensor.Of([0L])));
        var table = g.Op("Reshape", [List(g, [.. pairs, none]), g.Longs(-1, 2)]);
        var reversed = g.Op("Slice", [table, g.Longs(-1), g.Longs(-long.MaxValue), g.Longs(0), g.Longs(-1)]);
        var pads = g.Op("Reshape", [g.Op("Transpose", [reversed], ("perm", new long[] { 1, 0 })), g.Longs(-1)]);
        g.Close(g.Concat(1, x, new Wire(g.Op("Pad", [up, g.Op("Cast", [pads], ("to", (long)ElementType.Int64))]), 6)));

        Oracle.Holds(g, "conv1", "convtranspose1");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gate_that_is_expanded_like_the_features(bool isOpen)
    {
        var g = new TestGraph();
        var x = isOpen ? Start(g) : g.Relu(g.Conv(g.Input(3, 8, 8), C, 3));
        var gate = g.Op("Sigmoid", g.Conv(g.Relu(g.Conv(g.GlobalAveragePool(x), 4)), C));
        g.Close(g.Binary("Mul", x, g.Op("Expand", [gate, g.Op("Shape", [x])])));

        Oracle.Holds(g, "conv1", "conv2", "conv3");
    }

    [Fact]
    public void Gate_expanded_as_TorchScript_writes_expand()
    {
        var g = new TestGraph();
        var x = Start(g);
        var gate = g.Op("Sigmoid", g.Conv(g.GlobalAveragePool(x), C));
        var wanted = List(g, Length(g, x, 0), Length(g, x, 1), Length(g, x, 2), Length(g, x, 3));
        var ones = g.Op("ConstantOfShape", [g.Longs(4)], ("value", Tensor.Of([1L], 1)));
        var target = g.Op("Where", [g.Op("Equal", [wanted, g.Op("Mul", [ones, g.Longs(-1)])]), ones, wanted]);
        g.Close(g.Binary("Mul", x, g.Op("Expand", [gate, target])));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Spatial_gate_that_is_expanded_like_the_features()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Binary("Mul", x, g.Op("Expand", [g.Op("Sigmoid", g.Conv(x, 1, kernel: 3)), g.Op("Shape", [x])])));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Spatial_gate_that_is_expanded_to_numbers()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(ElementType.Float, [2, 3, 4, 4], 3), C, 3));
        g.Close(g.Binary("Mul", x, g.Op("Expand", [g.Op("Sigmoid", g.Conv(x, 1, kernel: 3)), g.Longs(2, C, 4, 4)])));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Spatial_gate_that_is_repeated_as_often_as_there_are_channels(bool isComputed)
    {
        var g = new TestGraph();
        var x = Start(g);
        var times = isComputed ? List(g, g.Longs(1), Length(g, x, 1), g.Longs(1, 1)) : g.Longs(1, C, 1, 1);
        g.Close(g.Binary("Mul", x, g.Op("Tile", [g.Op("Sigmoid", g.Conv(x, 1)), times])));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void The_one_channel_of_a_spatial_gate_that_is_expanded_stays()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Binary("Mul", x, g.Op("Expand", [g.Op("Sigmoid", g.Conv(x, 1, kernel: 3)), g.Op("Shape", [x])])));

        Oracle.Blocks(g, "conv2", "Expand 'expand1' repeats this one channel along an axis");
    }

    [Fact]
    public void Normalized_features()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var norm = g.Op("Clip", [g.Op("ReduceL2", [x], ("axes", new long[] { 1 })), g.Scalar(1e-6)]);
        g.Close(g.Binary("Div", x, g.Op("Expand", [norm, g.Op("Shape", [x])])));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(4, true)]
    [InlineData(2, false)]
    public void Groups_that_are_normalized_leave_whole(int groups, bool isOpen)
    {
        var g = new TestGraph();
        var x = g.Conv(isOpen ? OpenInput(g) : g.Input(3, 8, 8), C, 3);
        var flat = g.Op("Reshape", [x, g.Longs(0, groups, -1)]);
        var normal = g.Op("InstanceNormalization", [flat, g.Uniform(0.5, 1.5, groups), g.Weight(groups)]);
        var back = g.Op("Reshape", [normal, g.Op("Shape", [x])]);
        g.Close(g.Relu(g.Binary("Add", new Wire(g.Op("Mul", [back, g.Weight(C, 1, 1)]), C), g.Weight(C, 1, 1))));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Groups_that_are_normalized_behind_the_channels_leave_whole()
    {
        var g = new TestGraph();
        var x = g.Op("Transpose", g.Conv(g.Input(3, 4, 4), C), ("perm", new long[] { 0, 2, 3, 1 }));
        var split = g.Op("Reshape", [x, g.Longs(0, 4, 4, 2, C / 2)]);
        var centred = g.Op("Sub", [split, g.Op("ReduceMean", [split], ("axes", new long[] { 1, 2, 4 }))]);
        var joined = new Wire(g.Op("Reshape", [centred, g.Longs(0, 4, 4, C)]), C);
        g.Close(g.Op("Transpose", joined, ("perm", new long[] { 0, 3, 1, 2 })));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Zeros_like_the_features_are_joined_to_them()
    {
        var g = new TestGraph();
        var x = Start(g);
        var zeros = new Wire(g.Op("ConstantOfShape", [g.Op("Shape", [x])]), C);
        g.Close(g.Add(g.Concat(1, x, zeros), g.Conv(x, 2 * C)));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void First_state_of_a_recurrent_cell_is_joined()
    {
        var g = new TestGraph();
        var x = Start(g);
        var state = new Wire(g.Op(
            "ConstantOfShape",
            [List(g, Length(g, x, 0), g.Longs(6), Length(g, x, 2), Length(g, x, 3))],
            ("value", Tensor.Of([0.5f], 1))), 6);
        var joined = g.Concat(1, x, state);
        var update = g.Op("Sigmoid", g.Conv(joined, 6, 3));
        var made = g.Op("Tanh", g.Conv(joined, 6, 3));
        g.Close(g.Add(new Wire(g.Op("Mul", [update, state]), 6), new Wire(g.Op("Mul", [g.Op("Sub", [g.Scalar(1), update]), made]), 6)));

        Oracle.Holds(g, "conv1", "conv2", "conv3");
    }

    [Fact]
    public void Constant_is_joined_and_shrinks()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(ElementType.Float, [2, 3, 4, 4], 3), C));
        g.Close(g.Add(g.Concat(1, x, new Wire(g.Weight(2, 4, 4, 4), 4)), g.Conv(x, C + 4)));

        Oracle.Holds(g, "conv1", "conv2");
    }

    /// <summary>The channels of the first layer are cut, and their number says what is done to those of a Softmax, which stay.</summary>
    [Theory]
    [InlineData("Reshape")]
    [InlineData("Slice")]
    [InlineData("Split")]
    [InlineData("Pad")]
    public void Number_of_channels_that_says_what_is_done_to_others_stays_what_it_is(string type)
    {
        var g = new TestGraph();
        var x = Start(g);
        var others = g.Op("Softmax", g.Conv(x, C), ("axis", 1L));
        var count = Length(g, x, 1);
        var made = type switch
        {
            "Reshape" => g.Op("Reshape", [g.Op("Reshape", [others, List(g, g.Longs(0), count, g.Longs(-1))]), g.Op("Shape", [others])]),
            "Slice" => g.Op("Slice", [others, g.Longs(0), count, g.Longs(1)]),
            "Split" => g.Ops("Split", [others, List(g, g.Op("Div", [count, g.Longs(4)]), g.Longs(C - 2))], 2, ("axis", 1L))[1],
            _ => g.Op("Pad", [others, List(g, g.Longs(0, 0, 0), g.Op("Sub", [count, g.Longs(C - 1)]), g.Longs(0, 0, 0, 0))]),
        };
        g.Output(g.Conv(x, 2), g.Conv(new Wire(made, type == "Split" ? C - 2 : C), 2));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Open_lengths_stay_open()
    {
        // given
        var g = new TestGraph();
        var x = Start(g);
        var (n, h, w) = (Length(g, x, 0), Length(g, x, 2), Length(g, x, 3));
        var split = g.Op("Reshape", [x, List(g, n, g.Longs(2, C / 2), h, w)]);
        g.Close(new Wire(g.Op("Reshape", [g.Op("Sin", [split]), List(g, n, g.Longs(C), h, w)]), C));
        var model = g.Build();
        var plan = RandomPlan.Of(ModelCopy.WithShapes(model), new Random(1), 0.5);

        // when
        var errors = new[] { 4, 9 }.Select(size =>
            MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(size), batch: size - 1, size: size)).Error);

        // then
        Assert.NotEqual(PruningPlan.Empty, plan);
        Assert.All(errors, e => Assert.True(e < MaskedEqualsPruned.Tolerance, $"masked and pruned differ by {e}"));
    }
}
