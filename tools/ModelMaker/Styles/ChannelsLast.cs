using ModelMaker.Building;
using Onnx;

namespace ModelMaker.Styles;

/// <summary>
/// TensorFlow keeps channels last: every operator that ONNX defines for channels first stands between two Transposes.
/// Given: y = Conv(x)   Result: y = NHWC(Conv(NCHW(x)))
/// </summary>
internal static class ChannelsLast
{
    private static readonly string[] Spatial =
        ["Conv", "ConvTranspose", "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Pad"];

    public static void Rewrite(ModelProto model)
    {
        var graph = model.Graph;
        foreach (var info in graph.Input.Concat(graph.Output))
            MoveChannels(info.Type.TensorType.Shape);
        graph.ValueInfo.Clear();

        var nodes = graph.Node.ToArray();
        graph.Node.Clear();
        foreach (var node in nodes)
        {
            if (node.OpType == "Concat")
                node.Attribute[0].I = 3;
            if (!Spatial.Contains(node.OpType))
            {
                graph.Node.Add(node);
                continue;
            }

            var (first, result) = ($"{node.Name}__nchw", node.Output[0]);
            graph.Node.Add(Transpose($"{node.Name}__to_nchw", node.Input[0], first, 0, 3, 1, 2));
            (node.Input[0], node.Output[0]) = (first, $"{node.Name}__result");
            graph.Node.Add(node);
            graph.Node.Add(Transpose($"{node.Name}__to_nhwc", node.Output[0], result, 0, 2, 3, 1));
        }
    }

    private static NodeProto Transpose(string name, string input, string output, params long[] perm) =>
        new() { Name = name, OpType = "Transpose", Input = { input }, Output = { output }, Attribute = { Attributes.Ints("perm", perm) } };

    private static void MoveChannels(TensorShapeProto shape)
    {
        if (shape.Dim.Count != 4)
            return;
        var channels = shape.Dim[1];
        shape.Dim.RemoveAt(1);
        shape.Dim.Add(channels);
    }
}
