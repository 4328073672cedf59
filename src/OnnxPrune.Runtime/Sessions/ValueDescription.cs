using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>An input or output of a session.</summary>
/// <param name="Shape">Sizes where the model fixes them, symbols or unknown dimensions elsewhere; of rank 0 also where nothing is
/// known.</param>
internal sealed record ValueDescription(string Name, ElementType ElementType, Shape Shape)
{
    /// <summary>The number of samples that the model fixes, or null when its first dimension is open.</summary>
    public long? FixedBatch => Shape.Rank > 0 ? Shape[0].Size : null;

    public override string ToString() => $"'{Name}' {ElementType}{Shape}";

    internal static ValueDescription Of(string name, NodeMetadata metadata)
    {
        if (!metadata.IsTensor)
        {
            return new ValueDescription(name, ElementType.Undefined, new Shape());
        }

        var (sizes, symbols) = (metadata.Dimensions, metadata.SymbolicDimensions);
        var dims = new Dim[sizes.Length];
        for (var i = 0; i < dims.Length; i++)
        {
            dims[i] = sizes[i] >= 0 ? new Dim(sizes[i]) : new Dim(null, symbols[i] is { Length: > 0 } symbol ? symbol : null);
        }

        // ONNX Runtime numbers its element types as ONNX does.
        return new ValueDescription(name, (ElementType)(int)metadata.ElementDataType, new Shape(dims));
    }
}
