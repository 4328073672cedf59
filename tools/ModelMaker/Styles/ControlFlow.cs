using ModelMaker.Building;
using Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace ModelMaker.Styles;

/// <summary>
/// Control flow whose bodies read values of the graph around them: an If in place of one activation in the middle, and a Loop that
/// averages the logits with themselves.
/// </summary>
internal static class ControlFlow
{
    public static void Rewrite(ModelProto model)
    {
        var graph = model.Graph;
        Branch(graph, graph.Node.Where(n => n.OpType == "Relu").ElementAt(4));
        Repeat(graph, graph.Output[0]);
        graph.ValueInfo.Clear();
    }

    // Given: y = Relu(x)   Result: y = If(true) { Relu(x) } else { Abs(x) }
    private static void Branch(GraphProto graph, NodeProto relu)
    {
        graph.Initializer.Add(
            new TensorProto { Name = "flag", DataType = (int)DataType.Bool, RawData = Google.Protobuf.ByteString.CopyFrom(1) });
        var choice = new NodeProto { Name = "If", OpType = "If", Input = { "flag" }, Output = { relu.Output } };
        choice.Attribute.Add(Body("then_branch", "Relu", relu.Input[0]));
        choice.Attribute.Add(Body("else_branch", "Abs", relu.Input[0]));
        graph.Node[graph.Node.IndexOf(relu)] = choice;
    }

    private static AttributeProto Body(string name, string op, string captured)
    {
        var node = new NodeProto { OpType = op, Input = { captured }, Output = { $"{name}_y" } };
        var body = new GraphProto { Name = name, Node = { node }, Output = { Float($"{name}_y") } };
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = body };
    }

    // Given: logits   Result: z = logits; twice: z = (z + logits) / 2
    private static void Repeat(GraphProto graph, ValueInfoProto output)
    {
        var (result, once) = (output.Name, "logits_once");
        foreach (var node in graph.Node)
            for (var i = 0; i < node.Output.Count; i++)
                node.Output[i] = node.Output[i] == result ? once : node.Output[i];
        graph.Initializer.Add(Named("times", Attributes.Tensor([2L])));
        graph.Initializer.Add(Named("half", Attributes.Tensor([0.5f])));
        var body = new GraphProto
        {
            Name = "body",
            Input = { Scalar("iteration", DataType.Int64), Scalar("goes_on", DataType.Bool), Float("z") },
            Output = { Scalar("still", DataType.Bool), Float("z_next") },
            Node =
            {
                new NodeProto { OpType = "Identity", Input = { "goes_on" }, Output = { "still" } },
                new NodeProto { OpType = "Add", Input = { "z", once }, Output = { "z_sum" } },
                new NodeProto { OpType = "Mul", Input = { "z_sum", "half" }, Output = { "z_next" } },
            },
        };
        var loop = new NodeProto { Name = "Loop", OpType = "Loop", Input = { "times", "flag", once }, Output = { result } };
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Add(loop);
    }

    private static ValueInfoProto Float(string name) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } };

    private static ValueInfoProto Scalar(string name, DataType type) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() } },
    };

    private static TensorProto Named(string name, TensorProto tensor)
    {
        tensor.Name = name;
        return tensor;
    }
}
