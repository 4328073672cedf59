using System.Text.Json;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>Which provider the operators of a model really ran on, from ONNX Runtime's own profile of one run.</summary>
/// <param name="Operators">How many operator runs each provider had, by its name ("CUDAExecutionProvider").</param>
/// <param name="Microseconds">How long they took together.</param>
internal sealed record ProviderUse(IReadOnlyDictionary<string, int> Operators, IReadOnlyDictionary<string, long> Microseconds)
{
    public const string Cuda = "CUDAExecutionProvider";

    // A handful of shape computations belong on the CPU; the work does not.
    private const double LargestShareElsewhere = 0.2;

    /// <summary>The share of operator runs that happened on CUDA, 0 to 1.</summary>
    public double CudaShare => Operators.Count == 0 ? 0 : (double)Operators.GetValueOrDefault(Cuda) / Operators.Values.Sum();

    /// <summary>Opens the model with profiling, runs it once and reads the profile; the temporary file is removed.</summary>
    /// <exception cref="UnsupportedModelException">The model is not loaded, or fails to run.</exception>
    public static ProviderUse Measure(
        Model model, IReadOnlyDictionary<string, Tensor> inputs, SessionSettings settings, string name = "the model")
    {
        var prefix = Path.Combine(Path.GetTempPath(), $"onnxprune-{Guid.NewGuid():N}");
        string? profile = null;
        try
        {
            using var session = OnnxSession.Open(model, settings with { ProfilePrefix = prefix }, name);
            session.Run(inputs);
            profile = session.Inner.EndProfiling();
            return Parse(File.ReadAllBytes(profile));
        }
        finally
        {
            if (profile is not null)
            {
                File.Delete(profile);
            }
        }
    }

    /// <summary>Fails when CUDA was asked for and much of the model ran elsewhere in silence.</summary>
    /// <exception cref="UnsupportedModelException">More than a fifth of the operators ran on another provider.</exception>
    public void RequireCuda(string name)
    {
        if (CudaShare < 1 - LargestShareElsewhere)
        {
            throw new UnsupportedModelException(
                $"{SessionFailure.Quote(name)}: only {Operators.GetValueOrDefault(Cuda)} of {Operators.Values.Sum()} operators run on "
                    + "CUDA, so that its latency would not be a GPU's; use --provider cpu.");
        }
    }

    /// <summary>The profile is an array of events; those of category Node name their provider in "args".</summary>
    internal static ProviderUse Parse(byte[] profile)
    {
        var (operators, times) = (new Dictionary<string, int>(), new Dictionary<string, long>());
        using var document = JsonDocument.Parse(profile);
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            if (entry.TryGetProperty("cat", out var category) && category.ValueEquals("Node")
                && entry.TryGetProperty("args", out var args)
                && args.TryGetProperty("provider", out var provider) && provider.GetString() is { Length: > 0 } name)
            {
                operators[name] = operators.GetValueOrDefault(name) + 1;
                times[name] = times.GetValueOrDefault(name) + (entry.TryGetProperty("dur", out var duration) ? duration.GetInt64() : 0);
            }
        }

        return new ProviderUse(operators, times);
    }
}
