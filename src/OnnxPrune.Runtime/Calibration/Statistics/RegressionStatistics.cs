using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration.Statistics;

/// <summary>
/// A small model that ONNX Runtime runs beside the network: from a layer's input, and the values that its output should come to, it
/// makes the sums of <see cref="NormalEquations"/> over the sampled positions of one batch.
/// </summary>
/// <remarks>
/// X [N, C, D...] → pad → [N, C, P] → gather → [N·S, C·K]; T likewise [N·S, M], minus the shortcut; or [N, D..., C] → [N, P, C] → gather. Then by groups A [G, N·S, F], T [G, N·S, M/G],
/// and AᵀA, AᵀT, ΣA, ΣT, ΣT² of each.
/// </remarks>
internal sealed class RegressionStatistics : IDisposable
{
    private const long Opset = 17;
    private static readonly string[] s_outputs = ["gram", "cross", "a_sum", "t_sum", "t_square", "rows"];

    private readonly RowLayout _layout;
    private readonly OnnxSession _session;

    /// <param name="hasTarget">Whether there are targets T; else they are the features' sum alone, for a Gram matrix without regression.</param>
    public RegressionStatistics(RowLayout layout, ElementType elementType, int rank, bool hasTarget, bool hasShortcut)
    {
        _layout = layout;
        var sketch = new ModelSketch(Opset);
        sketch.Input("x", elementType, rank).Input("input_positions", ElementType.Int64, 1);
        var features = ByGroup(sketch, "a", layout.ChannelsLast ? Points(sketch, "x", "input_positions") : Windows(sketch));
        string target;
        if (hasTarget)
        {
            sketch.Input("t", elementType, rank).Input("output_positions", ElementType.Int64, 1);
            target = Points(sketch, "t", "output_positions");
            if (hasShortcut)
            {
                sketch.Input("s", elementType, rank);
                target = sketch.Node("Sub", "t_minus_s", [target, Points(sketch, "s", "output_positions")]);
            }

            target = ByGroup(sketch, "targets", target);
        }
        else
        {
            target = sketch.Node("ReduceSum", "a_total", [features, sketch.Constant("axis_2", Tensor.Of([2L]))], ("keepdims", 1L));
        }

        var transposed = sketch.Node("Transpose", "a_transposed", [features], ("perm", (long[])[0, 2, 1]));
        var axis = sketch.Constant("axis_1", Tensor.Of([1L]));
        sketch.Node("MatMul", "gram", [transposed, features]);
        sketch.Node("MatMul", "cross", [transposed, target]);
        sketch.Node("ReduceSum", "a_sum", [features, axis], ("keepdims", 0L));
        sketch.Node("ReduceSum", "t_sum", [target, axis], ("keepdims", 0L));
        sketch.Node("ReduceSumSquare", "t_square", [target], ("axes", (long[])[1, 2]), ("keepdims", 0L));
        sketch.Node("Shape", "rows", [features], ("start", 1L), ("end", 2L));
        foreach (var output in s_outputs)
        {
            sketch.Output(output);
        }

        _session = OnnxSession.Open(sketch.ToBytes(), null, new SessionSettings { TakesTurns = true }, "the statistics");
    }

    /// <summary>Adds one batch to the sums, one per group.</summary>
    public void Add(NormalEquations[] sums, OrtValue x, OrtValue? target, OrtValue? shortcut, SamplePlan plan)
    {
        using var places = RuntimeTensor.ToOrtValue(Tensor.Of(plan.Inputs));
        using var outputs = RuntimeTensor.ToOrtValue(Tensor.Of(plan.Outputs));
        var inputs = new Dictionary<string, OrtValue> { ["x"] = x, ["input_positions"] = places };
        if (target is not null)
        {
            inputs.Add("t", target);
            inputs.Add("output_positions", outputs);
        }

        if (shortcut is not null)
        {
            inputs.Add("s", shortcut);
        }

        using var results = _session.Run(inputs, s_outputs);
        var rows = results[5].GetTensorDataAsSpan<long>()[0];
        for (var g = 0; g < sums.Length; g++)
        {
            sums[g].Add(PartOf(0, g), PartOf(1, g), PartOf(2, g), PartOf(3, g), PartOf(4, g)[0], rows);
        }

        ReadOnlySpan<float> PartOf(int output, int group)
        {
            var all = results[output].GetTensorDataAsSpan<float>();
            return all.Slice(all.Length / sums.Length * group, all.Length / sums.Length);
        }
    }

    public void Dispose() => _session.Dispose();

    /// <summary>[N, C, D...] → [N·S, C·K].</summary>
    private string Windows(ModelSketch sketch)
    {
        long[] pads = [0, 0, .. _layout.Window.PadsBefore, 0, 0, .. _layout.Window.PadsAfter];
        var x = sketch.Node("Cast", "x_float", ["x"], ("to", (long)ElementType.Float));
        var padded = sketch.Node("Pad", "x_padded", [x, sketch.Constant("pads", Tensor.Of(pads))]);
        var flat = sketch.Node("Reshape", "x_flat", [padded, sketch.Constant("flat", Tensor.Of([0L, 0, -1]))]);
        var gathered = sketch.Node("Gather", "x_gathered", [flat, "input_positions"], ("axis", 2L));
        var split = sketch.Node("Reshape", "x_windows", [gathered, sketch.Constant("windows", Tensor.Of([0L, 0, -1, _layout.Taps]))]);
        var turned = sketch.Node("Transpose", "x_turned", [split], ("perm", (long[])[0, 2, 1, 3]));
        return sketch.Node("Reshape", "x_rows", [turned, sketch.Constant("rows_of_windows", Tensor.Of([-1L, _layout.Channels * _layout.Taps]))]);
    }

    /// <summary>[N, M, D...] or [N, D..., M] → [N·S, M] at the sampled positions.</summary>
    private string Points(ModelSketch sketch, string t, string positions)
    {
        var x = sketch.Node("Cast", $"{t}_float", [t], ("to", (long)ElementType.Float));
        var shape = sketch.Node("Shape", $"{t}_shape", [x]);
        long[] at = _layout.ChannelsLast ? [-1, long.MaxValue] : [1, 2];
        var channels = sketch.Node("Slice", $"{t}_channels", [shape, sketch.Constant($"{t}_from", Tensor.Of([at[0]])), sketch.Constant($"{t}_to", Tensor.Of([at[1]]))]);
        var open = sketch.Constant($"{t}_open", Tensor.Of([-1L]));
        var batch = sketch.Constant($"{t}_batch", Tensor.Of([0L]));
        var flatShape = sketch.Node("Concat", $"{t}_flat_shape", _layout.ChannelsLast ? [batch, open, channels] : [batch, channels, open], ("axis", 0L));
        var rows = sketch.Node("Reshape", $"{t}_flat", [x, flatShape]);
        rows = sketch.Node("Gather", $"{t}_gathered", [rows, positions], ("axis", _layout.ChannelsLast ? 1L : 2L));
        if (!_layout.ChannelsLast)
        {
            rows = sketch.Node("Transpose", $"{t}_turned", [rows], ("perm", (long[])[0, 2, 1]));
        }

        return sketch.Node("Reshape", $"{t}_rows", [rows, sketch.Node("Concat", $"{t}_rows_shape", [open, channels], ("axis", 0L))]);
    }

    /// <summary>[R, C] → [G, R, C/G].</summary>
    private string ByGroup(ModelSketch sketch, string name, string rows)
    {
        if (_layout.Groups == 1)
        {
            return sketch.Node("Unsqueeze", name, [rows, sketch.Constant($"{name}_axis", Tensor.Of([0L]))]);
        }

        var split = sketch.Node("Reshape", $"{name}_split", [rows, sketch.Constant($"{name}_groups", Tensor.Of([0L, _layout.Groups, -1]))]);
        return sketch.Node("Transpose", name, [split], ("perm", (long[])[1, 0, 2]));
    }
}
