using ModelMaker.Styles;

namespace ModelMaker.Tests;

public class NetworkTests
{
    // Rounding of a different order of the same sums, over tens of layers, on logits of deviation 2.
    private const float SameFunction = 2e-3f;

    // Other styles rewrite one of these; a Faster R-CNN has no output per image.
    public static TheoryData<string> Names =>
        [.. Catalog.All.Where(n => n.Style == Style.PyTorch && n.Name != "faster_rcnn_mini").Select(n => n.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_network_runs_and_tells_inputs_apart(string name)
    {
        const int Size = 32;
        var made = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { Size = Size });

        var outputs = Inference.Run(made.Model, Size);

        Assert.All(outputs, y => Assert.True(float.IsFinite(y)));
        Assert.InRange(Deviation(outputs), 0.1, 50);
        // Outputs are [batch, rest]; the spread between inputs must be a good part of the whole.
        var rest = outputs.Length / Inference.Batch;
        var between = Enumerable.Range(0, rest)
            .Average(i => Deviation([.. Enumerable.Range(0, Inference.Batch).Select(n => outputs[n * rest + i])]));
        Assert.InRange(between, 0.1 * Deviation(outputs), 50);
    }

    [Theory]
    [InlineData("resnet20_cifar_A", 96)]
    [InlineData("vgg11_cifar", 96)]
    [InlineData("resnet18", 96)]
    public void A_network_can_be_made_for_another_input_size(string name, int size)
    {
        var made = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { Size = size });

        Assert.All(Inference.Run(made.Model, size), y => Assert.True(float.IsFinite(y)));
    }

    [Theory]
    [InlineData("resnet20_cifar_A")]
    [InlineData("resnet20_cifar_B")]
    [InlineData("bottleneck56_v2")]
    [InlineData("vgg11_cifar")]
    [InlineData("densenet_mini")]
    [InlineData("mobilenet_v2_mini")]
    public void A_fused_network_is_the_same_function(string name)
    {
        var plain = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions());
        var fused = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { Fused = true });

        Assert.True(Count(fused, "BatchNormalization") < Count(plain, "BatchNormalization"));
        AssertSameFunction(plain, fused);
    }

    [Theory]
    [InlineData("inception_mini_functions", "inception_mini")]
    [InlineData("vgg11_cifar_opset7", "vgg11_cifar")]
    [InlineData("unet_mini_opset9", "unet_mini")]
    [InlineData("mobilenet_v3_mini_opset24", "mobilenet_v3_mini")]
    [InlineData("se_resnet_mini_if_loop", "se_resnet_mini")]
    public void A_style_is_the_same_function(string styled, string plain) => AssertSameFunction(
        MadeNetwork.Make(Catalog.Find(plain)!, new MakeOptions()),
        MadeNetwork.Make(Catalog.Find(styled)!, new MakeOptions()));

    [Fact]
    public void A_network_is_written_in_the_oldest_opset_that_has_its_operators()
    {
        var made = MadeNetwork.Make(Catalog.Find("convnext_mini")!, new MakeOptions { Opset = 9 });

        Assert.Equal(17, made.Model.OpsetImport.Single().Version);
    }

    [Fact]
    public void A_fused_post_activation_network_has_no_batch_normalization_left()
    {
        var fused = MadeNetwork.Make(Catalog.Find("resnet20_cifar_B")!, new MakeOptions { Fused = true });

        Assert.Equal(0, Count(fused, "BatchNormalization"));
    }

    [Fact]
    public void Computed_pads_are_the_same_pads()
    {
        var plain = MadeNetwork.Make(Catalog.Find("resnet20_cifar_A")!, new MakeOptions());
        var computed = MadeNetwork.Make(Catalog.Find("resnet20_cifar_A")!, new MakeOptions { ComputedPads = true });

        Assert.Equal(2, Count(computed, "ConstantOfShape"));
        AssertSameFunction(plain, computed);
    }

    [Theory]
    [InlineData("resnet20_cifar_A", 11)]
    [InlineData("resnet20_cifar_A", 14)]
    [InlineData("resnet20_cifar_A", 18)]
    [InlineData("mobilenet_v2_mini", 7)]
    [InlineData("fpn_mini", 8)]
    [InlineData("yolo_mini", 10)]
    [InlineData("vit_mini", 24)]
    [InlineData("shufflenet_v2_mini", 11)]
    [InlineData("shufflenet_v2_mini", 18)]
    public void Every_opset_gives_the_same_function(string name, int opset)
    {
        var usual = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions());
        var other = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { Opset = opset });

        Assert.Equal(opset, other.Model.OpsetImport.Single().Version);
        AssertSameFunction(usual, other);
    }

    [Fact]
    public void Value_info_describes_every_feature_map()
    {
        var options = new MakeOptions { ValueInfo = true, Batch = Inference.Batch };
        var made = MadeNetwork.Make(Catalog.Find("resnet20_cifar_A")!, options);

        var last = made.Model.Graph.ValueInfo.Single(v => v.Name == "/layer3/layer3.2/Relu_1_output_0");
        Assert.Equal([Inference.Batch, 64, 8, 8], last.Type.TensorType.Shape.Dim.Select(d => d.DimValue));
        Assert.Equal(Inference.Batch * 10, Inference.Run(made.Model, 32).Length);
    }

    [Fact]
    public void A_third_of_the_scales_is_weak()
    {
        var made = MadeNetwork.Make(Catalog.Find("resnet56_cifar_A")!, new MakeOptions());

        var scales = made.Model.Graph.Initializer.Where(t => t.Name.EndsWith("bn1.weight", StringComparison.Ordinal))
            .SelectMany(Numbers)
            .ToArray();
        Assert.InRange(scales.Count(s => s < 0.25f) / (double)scales.Length, 0.28, 0.39);
    }

    [Fact]
    public void The_seed_decides_every_byte()
    {
        Assert.Equal(Bytes(seed: 1), Bytes(seed: 1));
        Assert.NotEqual(Bytes(seed: 1), Bytes(seed: 2));
    }

    private static byte[] Bytes(ulong seed) =>
        Google.Protobuf.MessageExtensions.ToByteArray(
            MadeNetwork.Make(Catalog.Find("resnet20_cifar_A")!, new MakeOptions { Seed = seed }).Model);

    private static int Count(MadeNetwork made, string op) => made.Model.Graph.Node.Count(n => n.OpType == op);

    private static float[] Numbers(Onnx.TensorProto tensor) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();

    private static void AssertSameFunction(MadeNetwork expected, MadeNetwork actual)
    {
        var size = (int)expected.Model.Graph.Input[0].Type.TensorType.Shape.Dim[3].DimValue;
        Assert.Equal(Inference.Run(expected.Model, size).AsEnumerable(), Inference.Run(actual.Model, size), (a, b) =>
            Math.Abs(a - b) < SameFunction);
    }

    private static double Deviation(float[] numbers)
    {
        var mean = numbers.Average(x => (double)x);
        return Math.Sqrt(numbers.Average(x => (x - mean) * (x - mean)));
    }
}
