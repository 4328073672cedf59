using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Runtime.Inputs;

/// <summary>
/// Loads and runs a file once in a process of its own, where it has anything that ONNX Runtime might not survive; see
/// <see cref="LoadGuard"/>.
/// </summary>
internal static class ModelTrial
{
    /// <param name="path">The file that the model was read from.</param>
    /// <param name="concrete">The sizes of its inputs; null only loads it.</param>
    /// <exception cref="UnsupportedModelException">It ends the process, takes more memory than is allowed, or does not come back in
    /// time.</exception>
    public static void Run(string path, Model model, ConcreteShapes? concrete)
    {
        if (LoadGuard.IsNeededFor(model.Graph))
        {
            LoadGuard.Shared.Check(path, Inputs(model, concrete), RunLimits.Bytes(model.Graph));
        }
    }

    private static IReadOnlyDictionary<string, Tensor> Inputs(Model model, ConcreteShapes? concrete)
    {
        try
        {
            return concrete is null ? new Dictionary<string, Tensor>() : SyntheticInputs.Make(model, concrete, 0);
        }
        catch (UnsupportedModelException)
        {
            // Texts, or more than can be made up.
            return new Dictionary<string, Tensor>();
        }
    }
}
