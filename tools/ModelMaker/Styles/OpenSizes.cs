using Onnx;
using static Onnx.TensorShapeProto.Types;

namespace ModelMaker.Styles;

/// <summary>Batch, height and width of inputs and outputs are symbols; channels stay numbers.</summary>
internal static class OpenSizes
{
    private static readonly string[] Symbols = ["batch", "", "height", "width"];

    public static void Rewrite(ModelProto model)
    {
        foreach (var shape in model.Graph.Input.Concat(model.Graph.Output).Select(v => v.Type.TensorType.Shape))
            for (var axis = 0; axis < Math.Min(shape.Dim.Count, Symbols.Length); axis++)
                if (axis != 1)
                    shape.Dim[axis] = new Dimension { DimParam = Symbols[axis] };
        model.Graph.ValueInfo.Clear();
    }
}
