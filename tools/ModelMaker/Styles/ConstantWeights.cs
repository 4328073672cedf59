using ModelMaker.Building;
using Onnx;

namespace ModelMaker.Styles;

/// <summary>Every weight is the output of a Constant node.</summary>
internal static class ConstantWeights
{
    public static void Rewrite(ModelProto model)
    {
        var constants = model.Graph.Initializer.Select(tensor => new NodeProto
        {
            Name = $"{tensor.Name}__const",
            OpType = "Constant",
            Output = { tensor.Name },
            Attribute = { Attributes.Tensor("value", tensor.Clone()) },
        });
        var nodes = constants.Concat(model.Graph.Node).ToArray();
        model.Graph.Initializer.Clear();
        model.Graph.Node.Clear();
        model.Graph.Node.Add(nodes);
    }
}
