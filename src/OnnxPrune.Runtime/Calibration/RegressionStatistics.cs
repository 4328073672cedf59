using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration;

/// <summary>
/// A small model that ONNX Runtime runs beside the network: from a layer's input, and the values that its output should come to, it
/// makes the sums of <see cref="NormalEquations"/> over the sampled positions of one batch.
/// </summary>
/// <remarks>
/// X [N, C, D...] → pad → [N, C, P] → gather → A [N·S, C·K]; T likewise [N·S, M], minus the shortcut. Then AᵀA, AᵀT, ΣA, ΣT, ΣT².
/// </remarks>
internal sealed class RegressionStatistics : IDisposable
{
    private const long Opset = 17;
    private static readonly string[] s_outputs = ["gram", "cross", "a_sum", "t_sum", "t_square", "rows"];

    private readonly OnnxSession _session;

    /// <param name="window">The layer's geometry; null for a Gemm, whose rows are the samples.</param>
    /// <param name="channels">Channels of the layer's input.</param>
    /// <param name="hasTarget">Whether there are targets T; else they are the features' sum alone, for a Gram matrix without regression.</param>
    public RegressionStatistics(ConvWindow? window, ElementType elementType, int rank, long channels, long taps, bool hasTarget, bool hasShortcut)
    {
        var sketch = new ModelSketch(Opset);
        sketch.Input("x", elementType, rank);
        var features = Rows(sketch, "x", window, channels, taps);
        string target;
        if (hasTarget)
        {
            sketch.Input("t", elementType, rank);
            target = Targets(sketch, "t", window is not null);
            if (hasShortcut)
            {
                sketch.Input("s", elementType, rank);
                target = sketch.Node("Sub", "t_minus_s", [target, Targets(sketch, "s", window is not null)]);
            }
        }
        else
        {
            target = sketch.Node("ReduceSum", "a_total", [features, sketch.Constant("axis_1", Tensor.Of([1L]))], ("keepdims", 1L));
        }

        if (window is not null)
        {
            sketch.Input("input_positions", ElementType.Int64, 1);
            if (hasTarget)
            {
                sketch.Input("output_positions", ElementType.Int64, 1);
            }
        }

        var transposed = sketch.Node("Transpose", "a_transposed", [features], ("perm", (long[])[1, 0]));
        var axis = sketch.Constant("axis_0", Tensor.Of([0L]));
        sketch.Node("MatMul", "gram", [transposed, features]);
        sketch.Node("MatMul", "cross", [transposed, target]);
        sketch.Node("ReduceSum", "a_sum", [features, axis], ("keepdims", 0L));
        sketch.Node("ReduceSum", "t_sum", [target, axis], ("keepdims", 0L));
        sketch.Node("ReduceSumSquare", "t_square", [target], ("keepdims", 0L));
        sketch.Node("Shape", "rows", [features], ("start", 0L), ("end", 1L));
        foreach (var output in s_outputs)
        {
            sketch.Output(output);
        }

        _session = OnnxSession.Open(sketch.ToBytes(), null, new SessionSettings(), "the statistics");
    }

    /// <summary>Adds one batch to the sums.</summary>
    public void Add(NormalEquations sums, OrtValue x, OrtValue? target, OrtValue? shortcut, SamplePlan? plan)
    {
        var inputs = new Dictionary<string, OrtValue> { ["x"] = x };
        using var places = plan is null ? null : RuntimeTensor.ToOrtValue(Tensor.Of(plan.Inputs));
        using var outputs = plan is null ? null : RuntimeTensor.ToOrtValue(Tensor.Of(plan.Outputs));
        if (places is not null)
        {
            inputs.Add("input_positions", places);
        }

        if (target is not null)
        {
            inputs.Add("t", target);
            if (outputs is not null)
            {
                inputs.Add("output_positions", outputs);
            }
        }

        if (shortcut is not null)
        {
            inputs.Add("s", shortcut);
        }

        using var results = _session.Run(inputs, s_outputs);
        sums.Add(
            results[0].GetTensorDataAsSpan<float>(),
            results[1].GetTensorDataAsSpan<float>(),
            results[2].GetTensorDataAsSpan<float>(),
            results[3].GetTensorDataAsSpan<float>(),
            results[4].GetTensorDataAsSpan<float>()[0],
            results[5].GetTensorDataAsSpan<long>()[0]);
    }

    public void Dispose() => _session.Dispose();

    /// <summary>[N, C, D...] → [N·S, C·K]; [N, F] stays.</summary>
    private static string Rows(ModelSketch sketch, string x, ConvWindow? window, long channels, long taps)
    {
        x = sketch.Node("Cast", $"{x}_float", [x], ("to", (long)ElementType.Float));
        if (window is null)
        {
            return sketch.Node("Flatten", "a", [x], ("axis", 1L));
        }

        long[] pads = [0, 0, .. window.PadsBefore, 0, 0, .. window.PadsAfter];
        var padded = sketch.Node("Pad", "x_padded", [x, sketch.Constant("pads", Tensor.Of(pads))]);
        var flat = sketch.Node("Reshape", "x_flat", [padded, sketch.Constant("flat", Tensor.Of([0L, 0, -1]))]);
        var gathered = sketch.Node("Gather", "x_gathered", [flat, "input_positions"], ("axis", 2L));
        var split = sketch.Node("Reshape", "x_windows", [gathered, sketch.Constant("windows", Tensor.Of([0L, 0, -1, taps]))]);
        var turned = sketch.Node("Transpose", "x_turned", [split], ("perm", (long[])[0, 2, 1, 3]));
        return sketch.Node("Reshape", "a", [turned, sketch.Constant("rows_of_windows", Tensor.Of([-1L, channels * taps]))]);
    }

    /// <summary>[N, M, D...] → [N·S, M] at the sampled positions; [N, M] stays.</summary>
    private static string Targets(ModelSketch sketch, string t, bool isMap)
    {
        var x = sketch.Node("Cast", $"{t}_float", [t], ("to", (long)ElementType.Float));
        if (!isMap)
        {
            return x;
        }

        var flat = sketch.Node("Reshape", $"{t}_flat", [x, sketch.Constant($"{t}_flat_shape", Tensor.Of([0L, 0, -1]))]);
        var gathered = sketch.Node("Gather", $"{t}_gathered", [flat, "output_positions"], ("axis", 2L));
        var turned = sketch.Node("Transpose", $"{t}_turned", [gathered], ("perm", (long[])[0, 2, 1]));
        var rows = sketch.Node("Shape", $"{t}_shape", [turned]);
        var last = sketch.Node("Slice", $"{t}_last", [rows, sketch.Constant($"{t}_from", Tensor.Of([2L])), sketch.Constant($"{t}_to", Tensor.Of([3L]))]);
        var target = sketch.Node("Concat", $"{t}_rows_shape", [sketch.Constant($"{t}_open", Tensor.Of([-1L])), last], ("axis", 0L));
        return sketch.Node("Reshape", $"{t}_rows", [turned, target]);
    }
}
