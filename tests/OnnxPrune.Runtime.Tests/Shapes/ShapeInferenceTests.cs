using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Runtime.Tests.Shapes;

public sealed class ShapeInferenceTests
{
    private static readonly float[] Weights = [.. Enumerable.Range(0, 16 * 3 * 9).Select(i => (float)Math.Sin(i))];

    private static Model Conv(string input) => OnnxFile.FromBytes(new TinyModel()
        .Input($"x float {input}").Output("z float")
        .Weight("w", Weights, 16, 3, 3, 3).Integers("target", 0, -1)
        .Node("y = Conv(x, w)", ("pads", (long[])[1, 1, 1, 1]), ("strides", (long[])[2, 2]))
        .Node("z = Reshape(y, target)")
        .ToBytes());

    [Fact]
    public void All_values_get_types_and_shapes_and_symbols_stay()
    {
        var model = Conv("[N, 3, 32, 32]");

        ShapeInference.Infer(model);

        Assert.Equal("[N, 16, 16, 16]", model.Graph.Find("y")!.Shape!.ToString());
        Assert.Equal("[N, 4096]", model.Graph.Find("z")!.Shape!.ToString());
        Assert.Equal(ElementType.Float, model.Graph.Find("y")!.ElementType);
    }

    [Fact]
    public void Input_shapes_can_be_overridden()
    {
        var model = Conv("[N, 3, H, W]");

        ShapeInference.Infer(model, new Dictionary<string, long[]> { ["x"] = [2, 3, 8, 8] });

        Assert.Equal("[2, 16, 4, 4]", model.Graph.Find("y")!.Shape!.ToString());
    }

    [Fact]
    public void The_skeleton_holds_no_large_weights()
    {
        var model = Conv("[N, 3, 32, 32]");

        var skeleton = OnnxFile.FromBytes(ShapeSkeleton.Write(model));

        Assert.True(skeleton.Graph.Find("w") is { IsGraphInput: true, IsInitializer: false });
        Assert.True(skeleton.Graph.Find("target")!.IsInitializer);
        Assert.Equal(["y", "z"], skeleton.Graph.Outputs.Select(o => o.Name));
    }

    [Fact]
    public void A_model_is_not_changed_by_its_skeleton()
    {
        var model = Conv("[N, 3, 32, 32]");
        var before = OnnxFile.ToBytes(model);

        ShapeInference.Infer(model);

        Assert.Equal(before, OnnxFile.ToBytes(model));
    }

    [Fact]
    public void A_scalar_is_told_from_an_unknown_shape()
    {
        var model = OnnxFile.FromBytes(new TinyModel()
            .Input("x float [2, 3]").Input("target int64 [R]").Output("s float").Output("u float")
            .Node("s = ReduceSum(x)", ("keepdims", 0L))
            .Node("u = Reshape(x, target)")
            .ToBytes());

        ShapeInference.Infer(model);

        Assert.Equal(0, model.Graph.Find("s")!.Shape!.Rank);
        Assert.Null(model.Graph.Find("u")!.Shape);
    }

    [Fact]
    public void Targets_that_the_graph_computes_from_constants_are_folded()
    {
        var model = OnnxFile.FromBytes(new TinyModel()
            .Input("x float [2, 8, 4, 4]").Output("y float").Integers("rest", -1).Integers("first", 0)
            .Node("s = Shape(x)").Node("n = Gather(s, first)").Node("t = Concat(n, rest)", ("axis", 0L)).Node("y = Reshape(x, t)")
            .ToBytes());

        ShapeInference.Infer(model);

        Assert.Equal("[2, 128]", model.Graph.Find("y")!.Shape!.ToString());
    }

    [Fact]
    public void An_unknown_operator_is_refused_in_one_sentence()
    {
        var model = OnnxFile.FromBytes(new TinyModel().Input("x float [1]").Output("y float").Node("y = Frobnicate(x)").ToBytes());

        var e = Assert.Throws<UnsupportedModelException>(() => ShapeInference.Infer(model, name: "in.onnx"));

        Assert.StartsWith("'in.onnx': ONNX Runtime ", e.Message);
        Assert.Contains("Frobnicate", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(".cc", e.Message);
    }

    [SharedTheory]
    [InlineData("waveformer", "RequantShift")]
    [InlineData("tsdr_dynamo", "Unrecognized attribute: axes")]
    [InlineData("mlperf_resnet8_int_pactops", "RequantShift")]
    [InlineData("Candy_winmltools01", "Missing opset")]
    [InlineData("pcb-aoi_customvision", "LegacyPadding")]
    public void Models_that_the_runtime_refuses_are_refused_with_its_reason(string model, string reason)
    {
        var e = Assert.Throws<UnsupportedModelException>(() => ShapeInference.Infer(WithoutShapes(model), name: model));

        var opened = Assert.Throws<UnsupportedModelException>(() => OnnxSession.Open(Shared.Model(model)));
        foreach (var message in (string[])[e.Message, opened.Message])
        {
            Assert.Contains(reason, message);
            Assert.DoesNotContain('\n', message);
            Assert.DoesNotContain("ErrorCode", message);
            Assert.DoesNotContain("Load model from", message);
            Assert.EndsWith(".", message);
        }
    }

    [SharedTheory]
    [InlineData("light_resnet50")]
    [InlineData("light_densenet121")]
    [InlineData("light_shufflenet")]
    [InlineData("SqueezeNet_fp16")]
    [InlineData("FastestDet_991702_0666a1")]
    [InlineData("version-RFB-320")]
    [InlineData("crnn_caffe2_opset9")]
    [InlineData("model_with_function")]
    [InlineData("simple_cnn")]
    [InlineData("tinyvit_demo_opset20")]
    [InlineData("yolox_auto_compress_0.7")]
    [InlineData("resnet56_cifar10_A_bn_op13")]
    [InlineData("carvana_unet_upsample_small")]
    public void Real_models_have_a_shape_for_every_floating_point_value_that_is_read(string name)
    {
        var model = WithoutShapes(name);

        ShapeInference.Infer(model, name: name);

        var open = model.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>()
            .Where(v => (v.Uses.Count > 0 || v.IsGraphOutput) && (v.Shape is null || v.ElementType == ElementType.Undefined));
        Assert.Empty(open);
    }

    [SharedTheory]
    [InlineData("resnet56_cifar10_A_bn_op13")]
    [InlineData("resnet56_cifar10_B_sparse_bn_op13")]
    [InlineData("light_densenet121")]
    [InlineData("yolox_auto_compress_0.7")]
    [InlineData("residual_block")]
    [InlineData("marabou_cifar10_medium")]
    public void Concrete_shapes_leave_nothing_open_in_floating_point_values(string name)
    {
        var model = WithoutShapes(name);
        ShapeInference.Infer(model, name: name);
        var before = model.Graph.Values.Select(v => v.Shape?.ToString()).ToArray();

        var shapes = ConcreteShapes.Infer(model, name: name);

        Assert.All(
            model.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Where(v => v.ElementType.IsFloatingPoint()),
            v => Assert.True(shapes.Values[v].IsKnown, $"{v} is {shapes.Values[v]}"));
        Assert.Equal(1, shapes.Inputs.Values.First()[0]);
        Assert.Equal(before, model.Graph.Values.Select(v => v.Shape?.ToString()));
    }

    [Fact]
    public void Open_image_sizes_and_channels_are_chosen_so_that_the_graph_takes_them()
    {
        // A Gemm behind a flattened 8x8 map wants images of 32x32.
        var model = OnnxFile.FromBytes(new TinyModel()
            .Input("x float [N, C, H, W]").Output("z float").Weight("w", Weights, 16, 3, 3, 3).Weight("g", new float[1024 * 2], 1024, 2)
            .Node("y = Conv(x, w)", ("pads", (long[])[1, 1, 1, 1]), ("strides", (long[])[4, 4]))
                .Node("f = Flatten(y)")
                .Node("z = Gemm(f, g)")
            .ToBytes());

        var shapes = ConcreteShapes.Infer(model);

        Assert.Equal([1, 3, 32, 32], shapes.Inputs["x"]);
        Assert.Equal("[1, 2]", shapes.Values[model.Graph.Find("z")!].ToString());
    }

    [Theory]
    [InlineData("Gemm(f, g)")]
    [InlineData("MatMul(f, g)")]
    public void Sizes_are_chosen_that_suit_what_the_graph_computes_from_them(string layer)
    {
        // given: the same, flattened to a length that is computed, so that the runtime does not know it beforehand
        var model = OnnxFile.FromBytes(new TinyModel()
            .Input("x float [N, 3, H, W]").Output("z float").Weight("w", Weights, 16, 3, 3, 3).Weight("g", new float[1024 * 2], 1024, 2)
                .Integers("zero", 0).Integers("rest", -1)
            .Node("y = Conv(x, w)", ("pads", (long[])[1, 1, 1, 1]), ("strides", (long[])[4, 4]))
            .Node("s = Shape(y)").Node("b = Gather(s, zero)").Node("t = Concat(b, rest)", ("axis", 0L)).Node("f = Reshape(y, t)")
                .Node($"z = {layer}")
            .ToBytes());
        ShapeInference.Infer(model);

        // when
        var shapes = ConcreteShapes.Infer(model);
        var e = Assert.Throws<UnsupportedModelException>(() =>
            ConcreteShapes.Infer(model, new Dictionary<string, long[]> { ["x"] = [1, 3, 64, 64] }));

        // then
        Assert.Equal([1, 3, 32, 32], shapes.Inputs["x"]);
        Assert.Equal("[1, 1024]", shapes.Values[model.Graph.Find("f")!].ToString());
        Assert.Contains("wants a length of 1024 where 'f' has 4096", e.Message);
        Assert.Contains("does not take inputs of 'x' [1, 3, 64, 64]", e.Message);
    }

    [Fact]
    public void Only_the_batch_is_replaced_where_its_symbol_is_all_that_is_open()
    {
        var model = Conv("[N, 3, 32, 32]");
        ShapeInference.Infer(model);

        var shapes = ConcreteShapes.Infer(model, batch: 4);

        Assert.Equal("[4, 16, 16, 16]", shapes.Values[model.Graph.Find("y")!].ToString());
    }

    [Fact]
    public void A_given_shape_must_fit_the_input()
    {
        var model = Conv("[N, 3, 32, 32]");

        Assert.Throws<UsageException>(() => ConcreteShapes.Infer(model, new Dictionary<string, long[]> { ["x"] = [1, 3, 16, 16] }));
        Assert.Throws<UsageException>(() => ConcreteShapes.Infer(model, new Dictionary<string, long[]> { ["w"] = [1] }));
    }

    /// <summary>A file's value_info must not hide the findings of the inference.</summary>
    private static Model WithoutShapes(string name)
    {
        var model = OnnxFile.Read(Shared.Model(name));
        foreach (var value in model.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>())
        {
            (value.Shape, value.ElementType) = (null, ElementType.Undefined);
        }

        return model;
    }

    [Fact]
    public void Resize_by_an_image_is_refused()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 8, 8), 4, 3);
        g.Close(new Wire(g.Op("Resize", [x, "", x]), 4));

        Assert.Contains(
            "where a list of numbers is wanted", Assert.Throws<UnsupportedModelException>(() => ShapeInference.Infer(g.Build())).Message);
    }
}
