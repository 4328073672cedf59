using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>
/// Compares a file with what was made of it before anything is cut: functions inlined, fused operators taken apart, constants computed. One
/// run of both, on synthetic inputs; none where nothing was made of it.
/// </summary>
internal static class RewritingCheck
{
    // Rounding of other kernels is orders of magnitude smaller, another operator makes orders of magnitude more.
    private const double Tolerance = 1e-2;

    // They move or convert what is stored, and stay as they are when it is cut.
    private static readonly HashSet<string> s_moving =
        [
            "Constant",
            "ConstantOfShape",
            "Cast",
            "QuantizeLinear",
            "DequantizeLinear",
            "Identity",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Transpose",
            "Slice",
            "Gather",
            "Concat",
            "Shape"
        ];

    /// <exception cref="UnsupportedModelException">The two compute different outputs.</exception>
    public static void Run(LoadedModel loaded, MeasureOptions options)
    {
        var (model, folded) = WithConstants(loaded.Model);
        if (!loaded.IsRewritten && folded == 0)
        {
            return;
        }

        var settings = options.Sessions with { Provider = ExecutionProvider.Cpu };
        using var original = loaded.Open(settings);
        using var rewritten = OnnxSession.Open(model, settings, loaded.Path);
        var meter = new DriftMeter(original, rewritten);
        meter.Add(DriftInputs.Synthetic(loaded, options, original, 0));
        if (meter.Report() is { Total: var drift } && !(drift <= Tolerance))
        {
            throw new UnsupportedModelException(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"'{loaded.Path}': with its functions inlined and its constants computed, the model computes other outputs (relative error "
                    + $"{drift:0.###}) than as it is; it cannot be followed."));
        }
    }

    /// <summary>A copy in which what is computed from constants is an initializer, and how many of these there are.</summary>
    private static (Model Model, int Folded) WithConstants(Model model)
    {
        var copy = model.Clone();
        var (constants, computed, folded) = (new ConstantValues(), new HashSet<Value>(), 0);
        foreach (var node in copy.Graph.TopologicalOrder().ToArray())
        {
            if (node.Outputs.Count == 0
                || node.Outputs[0] is not { ElementType: var type } output
                || !type.IsFloatingPoint()
                || constants[output] is not { } tensor)
            {
                continue;
            }

            if (!s_moving.Contains(node.OpType) || node.Inputs.Any(i => i is not null && computed.Contains(i)))
            {
                computed.Add(output);
            }

            var reading = output.Uses.Where(u => !u.IsCapture && u.Node.Outputs.Any(o => o is not null && constants[o] is null)).ToArray();
            if (computed.Contains(output) && reading.Length > 0)
            {
                var initializer = copy.Graph.AddFreshInitializer(output.Name, tensor);
                Array.ForEach(reading, u => u.Node.SetInput(u.Index, initializer));
                folded++;
            }
        }

        return (copy, folded);
    }
}
