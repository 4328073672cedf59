using Onnx;

namespace ModelMaker.Styles;

/// <summary>
/// Convolution units as functions of the model, with the convolution's attributes handed through.
/// Given: y = Relu(BatchNormalization(Conv(x, w), ...))   Result: y = local.ConvUnit(x, w, ...)
/// </summary>
internal static class LocalFunctions
{
    private const string Domain = "local";

    public static void Rewrite(ModelProto model)
    {
        var graph = model.Graph;
        var version = model.OpsetImport.Single().Version;
        FunctionProto? function = null;
        foreach (var relu in graph.Node.Where(n => n.OpType == "Relu").ToArray())
        {
            if (Producer(graph, relu) is not { OpType: "BatchNormalization" } norm
                || Producer(graph, norm) is not { OpType: "Conv", Input.Count: 2 } conv)
                continue;
            function ??= Describe(conv, norm, relu, version);
            var call = new NodeProto
            {
                Name = conv.Name,
                OpType = function.Name,
                Domain =
                Domain,
                Output = { relu.Output },
                Attribute = { conv.Attribute }
            };
            call.Input.Add(conv.Input.Concat(norm.Input.Skip(1)));
            graph.Node[graph.Node.IndexOf(relu)] = call;
            graph.Node.Remove(conv);
            graph.Node.Remove(norm);
        }

        graph.ValueInfo.Clear();
        model.Functions.Add(function);
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
    }

    private static NodeProto? Producer(GraphProto graph, NodeProto reader) =>
        graph.Node.FirstOrDefault(n => n.Output.Contains(reader.Input[0]));

    private static FunctionProto Describe(NodeProto conv, NodeProto norm, NodeProto relu, long version)
    {
        var (inner, after, last) = (conv.Clone(), norm.Clone(), relu.Clone());
        foreach (var attribute in inner.Attribute)
        {
            var handed = new AttributeProto { Name = attribute.Name, Type = attribute.Type, RefAttrName = attribute.Name };
            inner.Attribute[inner.Attribute.IndexOf(attribute)] = handed;
        }

        string[] parameters = ["x", "weight", "scale", "shift", "mean", "variance"];
        Connect(inner, "convolved", parameters[..2]);
        Connect(after, "normalized", ["convolved", .. parameters[2..]]);
        Connect(last, "y", ["normalized"]);
        return new FunctionProto
        {
            Name = "ConvUnit",
            Domain = Domain,
            Input = { parameters },
            Output = { "y" },
            Attribute = { inner.Attribute.Select(a => a.Name) },
            Node = { inner, after, last },
            OpsetImport = { new OperatorSetIdProto { Version = version } },
        };
    }

    private static void Connect(NodeProto node, string output, string[] inputs)
    {
        node.Name = "";
        node.Input.Clear();
        node.Input.Add(inputs);
        node.Output[0] = output;
    }
}
