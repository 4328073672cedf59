using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>Independent copies of a model that know their shapes.</summary>
internal static class ModelCopy
{
    /// <summary>A copy with shapes as ONNX Runtime infers them.</summary>
    public static Model WithShapes(Model model)
    {
        var copy = OnnxFile.FromBytes(OnnxFile.ToBytes(model), model.Folder);
        ShapeInference.Infer(copy);
        return copy;
    }

    /// <summary>A copy that takes over the shapes, which cost a session each time they are inferred.</summary>
    public static Model Of(Model model) => model.Clone();
}
