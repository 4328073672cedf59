using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace GpuCheck;

/// <summary>Nodes of the original and of the pruned network run on CUDA, by ONNX Runtime's own profile.</summary>
internal static class ProviderCheck
{
    public static IReadOnlyDictionary<string, double> Run(CheckContext context, CheckModels models)
    {
        var settings = new SessionSettings { Provider = context.Provider };
        var (original, pruned) = models.Get(models.First);
        var inputs = RandomInputs.For(original, new Random(1), size: 224);
        var figures = new Dictionary<string, double>();
        foreach (var (name, model) in new[] { ("original", original), ("pruned", pruned) })
        {
            var use = ProviderUse.Measure(model, inputs, settings, name);
            if (context.Provider == ExecutionProvider.Cuda)
            {
                use.RequireCuda(name);
            }

            figures[$"{name}_share_on_cuda"] = use.CudaShare;
            figures[$"{name}_operators"] = use.Operators.Values.Sum();
        }

        return figures;
    }
}
