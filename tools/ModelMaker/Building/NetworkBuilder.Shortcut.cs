namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    private int traced;

    /// <summary>
    /// X [N, C, H, W], Y [N, C + 2·side, H/2, W/2]: the parameter-free shortcut of He's CIFAR networks (option A), every
    /// second row and column between <paramref name="side"/> zero channels on either side.
    /// </summary>
    public Feature SubsampleAndPad(string module, Feature x, int side)
    {
        var half = Subsample(module, x);
        string[] operands = options.ComputedPads
            ? [half.Name, ComputedPads(module, side), ScalarConstant(module, 0f)]
            : [half.Name, Constant(module, 0, side, 0, 0, 0, side, 0, 0)];
        var channels = x.Channels + 2 * side;
        var sample = SampleOps.Gather(half.Sample, channels, half.Sample.Height, half.Sample.Width,
            (c, y, at) => c < side || c >= side + x.Channels ? null : (c - side, y, at));
        return Emit(module, "Pad", operands, [channels, half.Height, half.Width], sample, Attributes.Text("mode", "constant"));
    }

    /// <summary>The Pad by zeros that PyTorch 1.x puts before every average pool.</summary>
    public Feature PadByNothing(string module, Feature x) =>
        Emit(module, "Pad", [x.Name, Constant(module, 0, 0, 0, 0, 0, 0, 0, 0)], x.Dims, x.Sample, Attributes.Text("mode", "constant"));

    // What PyTorch 1.x makes of F.pad(x, (0, 0, 0, 0, side, side)): the pads, last axis first and begin and end together,
    // are filled up to all four axes, reversed and regrouped as ONNX wants them, all at run time.
    private string ComputedPads(string module, int side)
    {
        var pads = $"onnx::Shape_{traced++}";
        graph.Node.Add(new Onnx.NodeProto
        {
            Name = $"Constant_{traced}",
            OpType = "Constant",
            Output = { pads },
            Attribute = { Attributes.Tensor("value", Attributes.Tensor([0, 0, 0, 0, side, side], 6)) },
        });
        var first = Constant(module, 0);
        var shape = EmitNode(module, "Shape", [pads]);
        var given = EmitNode(module, "Gather", [shape, first], Attributes.Int("axis", 0));
        var needed = EmitNode(module, "Mul", [ScalarConstant(module, 4), ScalarConstant(module, 2)]);
        var missing = EmitNode(module, "Sub", [needed, given]);
        var cast = EmitNode(module, "Cast", [pads], Int64());
        var zeros = EmitNode(module, "ConstantOfShape", [missing], Attributes.Tensor("value", Attributes.Tensor([0L], 1)));
        var all = EmitNode(module, "Concat", [cast, zeros], Attributes.Int("axis", 0));
        var pairs = EmitNode(module, "Reshape", [all, Constant(module, -1, 2)]);
        var axes = Constant(module, 0);
        var starts = Constant(module, -1);
        var ends = Constant(module, -long.MaxValue);
        var steps = Constant(module, -1);
        var reversed = EmitNode(module, "Slice", [pairs, starts, ends, axes, steps]);
        var beginsThenEnds = EmitNode(module, "Transpose", [reversed], Attributes.Ints("perm", 1, 0));
        var flat = EmitNode(module, "Reshape", [beginsThenEnds, Constant(module, -1)]);
        return EmitNode(module, "Cast", [flat], Int64());
    }

    private static Onnx.AttributeProto Int64() => Attributes.Int("to", (int)Onnx.TensorProto.Types.DataType.Int64);
}
