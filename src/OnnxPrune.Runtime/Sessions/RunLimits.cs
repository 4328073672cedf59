using System.Globalization;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// The time and memory that ONNX Runtime may take for a model, since a few bytes may ask for all memory or for ever. The variables
/// ONNXPRUNE_TIME_LIMIT (seconds) and ONNXPRUNE_MEMORY_LIMIT (bytes, or 8G) change it.
/// </summary>
internal static class RunLimits
{
    private const string TimeVariable = "ONNXPRUNE_TIME_LIMIT";
    private const string MemoryVariable = "ONNXPRUNE_MEMORY_LIMIT";

    // One run of a network of a tera-MAC takes a minute or two on one slow core.
    private static readonly TimeSpan s_run = TimeSpan.FromMinutes(10);

    // Skeletons of the largest models load in a second, whole models in some; one run of what is tried beforehand takes a part of that.
    private static readonly TimeSpan s_trial = TimeSpan.FromMinutes(1);

    // The largest activation of a network for images has some hundred times the bytes of its input, or less than its weights.
    private const long LeastBytes = 1L << 30;
    private const int TimesInput = 64;
    private const int TimesWeights = 16;

    /// <summary>The time that one run in our own process may take.</summary>
    public static TimeSpan Run { get; } = Seconds() ?? s_run;

    /// <summary>The time that loading a model, and running it once, may take in a process of its own.</summary>
    public static TimeSpan Trial { get; } = Seconds() ?? s_trial;

    /// <summary>The way to ask for more time, as a clause.</summary>
    internal static string MoreTime => $"{TimeVariable}=SECONDS gives it more";

    /// <summary>The way to ask for more memory, as a clause.</summary>
    internal static string MoreMemory => $"{MemoryVariable}=8G gives it more";

    /// <summary>The bytes that one value may take, or all that are computed from constants alone.</summary>
    public static long Bytes(Graph graph)
    {
        if (Memory() is { } given)
        {
            return given;
        }

        var weights = graph.Initializers.Sum(i => Saturated(i.Initializer!.Dims, i.ElementType));
        var inputs = graph.FedInputs.Sum(i => i.Shape is { } shape ? Saturated(shape.Select(d => d.Size ?? 1), i.ElementType) : 0);
        return Math.Max(LeastBytes, Math.Max(weights * TimesWeights, inputs * TimesInput));
    }

    /// <summary>The bytes of a tensor of these dimensions; as many as can be counted with room to add where there are more.</summary>
    internal static long Saturated(IEnumerable<long> dims, ElementType type)
    {
        const double Most = 1L << 50;
        return (long)Math.Min(Most, dims.Aggregate((double)Math.Max(1, type.SizeInBytes()), (bytes, dim) => bytes * Math.Max(0, dim)));
    }

    private static TimeSpan? Seconds() =>
        double.TryParse(
            Environment.GetEnvironmentVariable(TimeVariable), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static long? Memory()
    {
        var text = Environment.GetEnvironmentVariable(MemoryVariable) ?? "";
        var scale = text.Length == 0
            ? 1
            : char.ToUpperInvariant(text[^1]) switch { 'K' => 1L << 10, 'M' => 1L << 20, 'G' => 1L << 30, _ => 1 };
        return double.TryParse(scale > 1 ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number > 0
            && number * scale < 1L << 50
            ? (long)(number * scale)
            : null;
    }
}
