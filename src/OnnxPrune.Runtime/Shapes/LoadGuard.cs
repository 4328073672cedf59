using System.ComponentModel;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sandbox;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Sandbox;

namespace OnnxPrune.Runtime.Shapes;

/// <summary>
/// Loads models in a process of its own before ours does, because ONNX Runtime ends its process at some, never comes back from others, and
/// takes all memory for a third kind. Models of layers, activations and moved elements, which it survives, do not pay for that. Safe for
/// several threads, which wait for each other.
/// </summary>
/// <param name="limit">How long loading and running a model may take; null for the limit of the program.</param>
internal sealed class LoadGuard(TimeSpan? limit = null)
{
    // What one value may take, several may, and the runtime copies on the way.
    private const int TimesValue = 4;

    // Integers are folded by these when the model is loaded, with checks of their operands, or are just moved.
    private static readonly HashSet<string> s_harmless =
    [
        "Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "InstanceNormalization", "GroupNormalization",
        "LayerNormalization", "RMSNormalization",
        "MeanVarianceNormalization", "LpNormalization", "LRN", "Relu", "LeakyRelu", "Elu", "Celu", "Selu", "ThresholdedRelu", "HardSigmoid",
        "HardSwish", "Sigmoid", "Tanh",
        "Softplus", "Softsign", "Mish", "Swish", "Gelu", "Shrink", "Erf", "Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Ceil", "Floor",
        "Round", "Sign", "Sin", "Cos",
        "Not", "IsNaN", "IsInf", "Identity", "Cast", "Dropout", "Clip", "QuantizeLinear", "DequantizeLinear", "Add", "Sub", "Sum", "Mul",
        "Pow", "Max", "Min", "Mean", "PRelu",
        "Where", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "MaxPool", "AveragePool", "LpPool",
        "GlobalAveragePool", "GlobalMaxPool",
        "GlobalLpPool", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSum", "ReduceLogSumExp", "ReduceSum",
        "ReduceSumSquare", "ReduceL1", "ReduceL2",
        "ArgMax", "ArgMin", "Softmax", "LogSoftmax", "Hardmax", "Constant", "Concat", "Split", "Gather", "Pad", "Flatten", "Reshape",
        "Transpose", "Squeeze", "Unsqueeze",
        "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "Shape", "Size",
    ];

    private readonly Lock _gate = new();
    private SandboxProcess? _process;
    private bool _isMissing;

    /// <summary>The program's one guard. Its process ends with ours.</summary>
    public static LoadGuard Shared { get; } = new();

    /// <summary>
    /// True if the graph has anything else than operators that the runtime survives whatever their operands are, and constants that are
    /// known here: a Slice (of what a window larger than its input makes), divisions of integers, weights that the network computes (to be
    /// empty), sizes that numbers state, loops, operators of other domains.
    /// </summary>
    public static bool IsNeededFor(Graph graph)
    {
        var constants = new ConstantValues();
        return graph.Nodes.Any(n => !IsHarmless(n, constants));
    }

    private static bool IsHarmless(Node node, ConstantValues constants)
    {
        var isKnown = node switch
        {
            { Captures.Count: > 0 } or { InnerOperators.Count: > 0 } or { Domain.Length: > 0 } => false,
            { OpType: "Conv" or "ConvTranspose" } =>
                node.Input(1) is { Producer: null } or { Producer.OpType: "Constant" } || constants[node.Input(1)] is { Count: > 0 },
            { OpType: "Div" or "Mod" } =>
                node.Inputs.Any(i => i?.ElementType.IsFloatingPoint() == true
                    || (i?.Producer?.OpType == "Constant" && constants[i]?.ElementType.IsFloatingPoint() == true)),
            _ => s_harmless.Contains(node.OpType),
        };

        // What is computed here with checks, the runtime computes without harm.
        return isKnown || (node.Outputs.Count > 0 && node.Outputs.All(o => o is null || constants[o] is not null));
    }

    /// <summary>Returns when ONNX Runtime loads or refuses the model; which of both is not said.</summary>
    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="name">How messages call it.</param>
    /// <param name="mostBytes">What one value may take.</param>
    /// <exception cref="UnsupportedModelException">It ends the process, takes more memory than is allowed, or does not come back in
    /// time.</exception>
    public void Check(byte[] model, Optimization optimization, string name, long mostBytes = 1L << 30) =>
        Check(Request(optimization, "", new Dictionary<string, Tensor>()), model, name, "loading it", mostBytes);

    /// <summary>The same for a file, with all that the runtime does to make it faster, and for one run on these inputs.</summary>
    public void Check(string path, IReadOnlyDictionary<string, Tensor> inputs, long mostBytes) =>
        Check(Request(
            Optimization.All, Path.GetFullPath(path), inputs), [], SessionFailure.Quote(path), "loading it and running it once", mostBytes);

    private void Check(byte[] head, byte[] model, string name, string what, long mostBytes)
    {
        lock (_gate)
        {
            try
            {
                Ask(head, model, mostBytes);
            }
            catch (SandboxEndedException e) when (e.PassedLimit && e.HasStarted)
            {
                throw Refused(name, what, e);
            }
            catch (SandboxEndedException)
            {
                // Something else than the model may have ended the process.
                AskAgain(head, model, name, what, mostBytes);
            }
        }
    }

    private void AskAgain(byte[] head, byte[] model, string name, string what, long mostBytes)
    {
        try
        {
            Ask(head, model, mostBytes);
        }
        catch (SandboxEndedException e) when (e.HasStarted)
        {
            throw Refused(name, what, e);
        }
        catch (SandboxEndedException)
        {
            // Where no process can be had, the model is loaded without.
            _isMissing = true;
        }
    }

    private static UnsupportedModelException Refused(string name, string what, SandboxEndedException e) => new(
        $"{name}: ONNX Runtime does not survive {what} ({e.Message.TrimEnd('.')}).", e);

    private void Ask(byte[] head, byte[] model, long mostBytes)
    {
        try
        {
            _process ??= _isMissing ? null : SandboxProcess.Start(SandboxTask.Load, RunLimits.Trial);
            _isMissing = _process is null;
            _process?.Ask(head, model, Read, limit ?? RunLimits.Trial, mostBytes > long.MaxValue / TimesValue
                ? long.MaxValue
                : mostBytes * TimesValue);
        }
        catch (Win32Exception)
        {
            _isMissing = true;
        }
        catch (SandboxEndedException)
        {
            _process?.Dispose();
            _process = null;
            throw;
        }
    }

    /// <summary>See <see cref="SandboxTask.Load"/>; the bytes of a model that has no path follow.</summary>
    private static byte[] Request(Optimization optimization, string path, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write((byte)SessionSettings.LevelOf(optimization));
        writer.Write(path);
        writer.Write(inputs.Count);
        foreach (var (name, tensor) in inputs)
        {
            writer.Write(name);
            writer.Write((int)tensor.ElementType);
            writer.Write(tensor.Rank);
            foreach (var dim in tensor.Dims)
            {
                writer.Write(dim);
            }

            writer.Write(tensor.Data.Length);
            writer.Write(tensor.Data.Span);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    private static Answer Read(Answer answer, BinaryReader rest)
    {
        if (answer == Answer.Refused)
        {
            // Ours will refuse it as well, and say it better.
            rest.ReadString();
        }

        return answer;
    }
}
