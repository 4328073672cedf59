using Onnx;
using static Onnx.TensorShapeProto.Types;

namespace ModelMaker.Styles;

/// <summary>Up to IR version 3, every initializer had to be listed as an input.</summary>
internal static class Inputs
{
    private const int LastVersion = 3;

    public static void Rewrite(ModelProto model)
    {
        model.IrVersion = LastVersion;
        foreach (var tensor in model.Graph.Initializer)
        {
            var shape = new TensorShapeProto { Dim = { tensor.Dims.Select(d => new Dimension { DimValue = d }) } };
            var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } };
            model.Graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = type });
        }
    }
}
