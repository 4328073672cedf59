using ModelMaker.Building;
using Onnx;

namespace ModelMaker.Styles;

/// <summary>
/// Weights stored as bfloat16, which no CPU kernel computes with.
/// Given: y = Conv(x, w)   Result: y = Conv(x, Cast(w))
/// </summary>
internal static class StoredWeights
{
    public static void Rewrite(ModelProto model)
    {
        var casts = new List<NodeProto>();
        foreach (var tensor in model.Graph.Initializer)
        {
            Precision.BFloat16.Store(tensor);
            var (stored, used) = ($"{tensor.Name}.bf16", tensor.Name);
            tensor.Name = stored;
            casts.Add(new NodeProto
            {
                Name = $"{used}.cast",
                OpType = "Cast",
                Input = { stored },
                Output = { used },
                Attribute = { Attributes.Int("to", (int)TensorProto.Types.DataType.Float) },
            });
        }

        var nodes = casts.Concat(model.Graph.Node).ToArray();
        model.Graph.Node.Clear();
        model.Graph.Node.Add(nodes);
    }
}
