using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class DamagedFileTests
{
    private const int Mutations = 6000;

    private static byte[] Small()
    {
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 4, 4), 4);
        g.Classify(g.Add(x, g.Conv(x, 4)));
        return g.ToBytes();
    }

    [Fact]
    public void File_truncated_anywhere_is_a_model_or_broken()
    {
        var bytes = Small();

        for (var length = 0; length < bytes.Length; length++)
        {
            var failure = Failure(bytes[..length]);

            Assert.True(failure is null or BrokenModelException, $"{length} of {bytes.Length} bytes: {failure}");
        }
    }

    [Fact]
    public void Random_bytes_in_a_file_end_in_a_sentence_at_worst()
    {
        var bytes = Small();
        var random = new Random(5);

        for (var i = 0; i < Mutations; i++)
        {
            var mutated = bytes.ToArray();
            for (var k = random.Next(1, 4); k > 0; k--)
            {
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            }

            var failure = Failure(mutated);
            Assert.True(failure is null or OnnxPruneException, $"mutation {i}: {failure}");
        }
    }

    [Theory]
    [InlineData(new long[] { long.MaxValue, 2 })]
    [InlineData(new long[] { 1L << 40, 1L << 40 })]
    [InlineData(new long[] { 1L << 62 })]
    [InlineData(new long[] { -1, 3 })]
    [InlineData(new long[] { 1 << 30, 1 << 30 })]
    public void Weight_that_claims_to_be_huge_is_refused_without_allocating_it(long[] dims)
    {
        var g = new TestGraph();
        g.Close(g.Input(3, 4, 4));
        g.Proto.Graph.Initializer[0].Dims.Clear();
        g.Proto.Graph.Initializer[0].Dims.AddRange(dims);

        Assert.IsType<BrokenModelException>(Failure(g.ToBytes()));
    }

    [Fact]
    public void Empty_file_is_broken() =>
        Assert.Contains("0 bytes", Assert.Throws<BrokenModelException>(() => OnnxFile.FromBytes(Array.Empty<byte>())).Message);

    [Fact]
    public void Name_that_two_values_have_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Relu(g.Input(3, 4, 4))));
        g.Proto.Graph.Node[1].Output[0] = g.Proto.Graph.Node[0].Output[0];

        Assert.Contains("is given to two values", Failure(g.ToBytes())!.Message);
    }

    [Theory]
    [InlineData("w1")]
    [InlineData("relu1.y")]
    [InlineData("another.sparse")]
    public void Name_that_a_sparse_initializer_shares_is_broken(string name)
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Input(3, 4, 4)));
        foreach (var own in (string[])["another.sparse", name])
        {
            g.Proto.Graph.SparseInitializer.Add(
                new Onnx.SparseTensorProto
                {
                    Values = TestGraph.Message(own, Tensor.Of([1f], 1)),
                    Indices =
                    TestGraph.Message("", Tensor.Of([0L], 1)),
                    Dims = { 4 }
                });
        }

        Assert.Contains($"'{name}' is given to two values; one of them is a sparse initializer", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Output_that_is_listed_twice_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Input(3, 4, 4)));
        g.Proto.Graph.Output.Add(g.Proto.Graph.Output[0].Clone());

        Assert.Contains("lists the output 'conv1.y' twice", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Typed_elements_beside_raw_ones_do_not_displace_them()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 200));
        g.Proto.Graph.Initializer[0].FloatData.Add(1);
        var bytes = g.ToBytes();

        Assert.Equal(bytes, OnnxFile.ToBytes(OnnxFile.FromBytes(bytes)));
    }

    [Fact]
    public void Operator_set_is_the_newest_where_only_those_of_other_domains_are_named()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Input(3, 4, 4)));
        g.ToBytes();
        g.Proto.OpsetImport[0].Domain = "com.microsoft";

        Assert.Equal(long.MaxValue, OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(g.Proto)).Opset);
    }

    [Theory]
    [InlineData("MatMul")]
    [InlineData("Gemm")]
    public void Weight_of_text_is_broken_or_blocks(string op)
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 4);
        var weight = g.Weight(4, 4);
        g.Output(new Wire(g.Op(op, [x, weight]), 4));
        var tensor = g.Proto.Graph.Initializer.Single(i => i.Name == weight);
        (tensor.DataType, tensor.RawData) = ((int)ElementType.String, Google.Protobuf.ByteString.Empty);

        Assert.True(Failure(g.ToBytes()) is null or BrokenModelException);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Stated_rank_that_no_layer_can_have_is_broken_or_blocks(int rank)
    {
        var bytes = Small();
        var model = OnnxFile.FromBytes(bytes);
        Describe(model);
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
        {
            value.Shape = new Shape(Enumerable.Repeat(Dim.Unknown, rank - 1));
        }

        Assert.True(Record.Exception(() => Pruner.Prune(NetworkAnalysis.Of(model), new PruneRequest())) is null or BrokenModelException);
    }

    [Theory]
    [InlineData("Sum")]
    [InlineData("Concat")]
    public void Operand_that_is_left_out_is_broken(string op)
    {
        var g = new TestGraph();
        var x = g.Input(3, 4, 4);
        g.Output(new Wire(g.Op(op, [x, "", x], ("axis", 1L)), 3));

        Assert.Contains("lacks its input 1", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Kernel_for_no_groups_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.ConvTranspose(g.Input(3, 4, 4), 4));
        g.Proto.Graph.Node[0].Attribute.Single(a => a.Name == "group").I = 0;

        Assert.Contains("has 0 groups", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Window_larger_than_anything_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Op("AveragePool", g.Input(3, 4, 4), ("kernel_shape", new[] { 1L << 53, 2 })));

        Assert.Contains("kernel_shape has 9007199254740992", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Number_beyond_32_bits_is_broken_where_it_is_no_constant()
    {
        var g = new TestGraph();
        g.Op("Constant", Array.Empty<string>(), ("value_int", long.MaxValue));
        g.Output(new Wire(g.Op("Gemm", [g.Input(4), g.Weight(4, 4)], ("transB", long.MinValue)), 4));

        Assert.Contains("Gemm 'gemm1': its transB is -9223372036854775808, which takes more than 32 bits", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Concat_of_nothing_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 4, weight: g.Op("Concat", [])));

        Assert.IsType<BrokenModelException>(Failure(g.ToBytes()));
    }

    [Fact]
    public void Kernel_without_axes_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 4, weight: g.Scalar(0)));

        Assert.IsType<BrokenModelException>(Failure(g.ToBytes()));
    }

    [Fact]
    public void Kernel_without_elements_is_broken()
    {
        var g = new TestGraph();
        var weight = g.Constant(new Tensor(ElementType.Float, [4, 3, 3, 0], Array.Empty<byte>()));
        g.Close(g.Conv(g.Input(3, 4, 4), 4, kernel: 3, weight: weight));

        Assert.Contains("[4, 3, 3, 0] has no elements", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Value_from_nowhere_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Input(3, 4, 4)));
        g.Proto.Graph.Node[0].Input[0] = "nowhere";

        Assert.Contains("'nowhere', which Relu 'relu1' names, is neither", Failure(g.ToBytes())!.Message);
    }

    [Fact]
    public void Cycle_is_broken()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Relu(g.Input(3, 4, 4)));
        g.Close(x);
        g.Proto.Graph.Node[0].Input[0] = x.Name;
        var model = g.Build();

        Assert.Contains("cycle", Assert.Throws<BrokenModelException>(() => model.Graph.TopologicalOrder()).Message);
    }

    [Fact]
    public void Folder_instead_of_a_file_is_wrong_usage() =>
        Assert.Contains("is a folder", Assert.Throws<UsageException>(() => OnnxFile.Read(Path.GetTempPath())).Message);

    [Fact]
    public void Missing_file_is_wrong_usage() =>
        Assert.Contains("does not exist", Assert.Throws<UsageException>(() =>
            OnnxFile.Read(Path.Combine(Path.GetTempPath(), "there-is-no-such.onnx"))).Message);

    /// <summary>Reads, writes and analyses; what was thrown, if anything.</summary>
    private static Exception? Failure(byte[] bytes) => Record.Exception(() =>
    {
        var model = OnnxFile.FromBytes(bytes);
        OnnxFile.ToBytes(model);
        Describe(model);
        Pruner.Prune(NetworkAnalysis.Of(model), new PruneRequest());
    });

    // Every value gets the rank it has in the original, so that the rules have something to follow.
    private static void Describe(Model model)
    {
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
        {
            value.Shape ??= value.Name.StartsWith("gemm", StringComparison.Ordinal)
                || value.Name.StartsWith("flatten", StringComparison.Ordinal)
                ? new Shape(Dim.Unknown, Dim.Unknown)
                : new Shape(Dim.Unknown, Dim.Unknown, Dim.Unknown, Dim.Unknown);
        }
    }
}
