using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Rewriting;

/// <summary>
/// Brings a model of operator set 7 to 12 to 13, the first in which a scale may differ by channel. Most operators mean the same there; of
/// the others, what was an attribute is an input.
/// </summary>
internal static class OpsetRaise
{
    public const long Target = 13;

    private const long Oldest = 7;

    // Initializers need not be listed as inputs from 4 on; operator set 13 came with 7.
    private const long IrVersion = 7;

    /// <summary>A copy in operator set 13; in the model's own where that is newer.</summary>
    /// <exception cref="UnsupportedModelException">A node means something else there, and no rule says what.</exception>
    public static Model Apply(Model model)
    {
        if (model.Opset >= Target)
        {
            return model.Clone();
        }

        if (model.Opset < Oldest)
        {
            throw new UnsupportedModelException(
                $"The model has operator set {model.Opset}, but integers with scales by channel need {Target}, and only sets from {Oldest} "
                    + "on can be raised: export it anew.");
        }

        var raised = ModelHeader.WithOpset(model, Target, Math.Max(IrVersion, model.IrVersion));
        foreach (var listed in raised.Graph.Inputs.Where(i => i.IsInitializer).ToArray())
        {
            raised.Graph.Unlist(listed);
        }

        foreach (var node in raised.Graph.Nodes.Where(n => n.Domain.Length == 0).ToArray())
        {
            Raise(raised.Graph, node);
        }

        return raised;
    }

    private static void Raise(Graph graph, Node node)
    {
        if (node.InnerOperators.Count > 0)
        {
            throw Unknown(node, "has a subgraph");
        }

        switch (node.OpType)
        {
            case "Squeeze" or "Unsqueeze" or "ReduceSum":
                MoveLongs(graph, node, "axes", 1);
                break;
            case "Split":
                MoveLongs(graph, node, "split", 1);
                break;
            case "Clip":
                MoveFloat(graph, node, "min", 1);
                MoveFloat(graph, node, "max", 2);
                break;
            case "Pad":
                MoveLongs(graph, node, "pads", 1);
                MoveFloat(graph, node, "value", 2);
                break;
            case "Slice" when node.Attribute("starts") is not null:
                MoveLongs(graph, node, "starts", 1);
                MoveLongs(graph, node, "ends", 2);
                MoveLongs(graph, node, "axes", 3);
                break;
            case "TopK" when node.Attribute("k") is not null:
                node.SetInput(1, graph.AddFreshInitializer($"{node.Label}_k", Tensor.Of([node.Int("k", 1)])));
                node.RemoveAttribute("k");
                break;
            case "Dropout":
                node.RemoveAttribute("ratio");
                break;
            case "BatchNormalization":
                node.RemoveAttribute("spatial");
                break;
            case "Softmax" or "LogSoftmax" or "Hardmax":
                RaiseSoftmax(node);
                break;
            case "Upsample":
                ToResize(graph, node, node.Input(1));
                break;
            case "Resize" when node.Inputs.Count == 2:
                ToResize(graph, node, node.Input(1));
                break;
            case "Scatter":
                throw Unknown(node, "is called ScatterElements");
        }
    }

    /// <summary>Then: all axes from this one on are one. Now: this one alone.</summary>
    private static void RaiseSoftmax(Node node)
    {
        var axis = node.Int("axis", 1);
        if (node.Required(0).Shape is not { } shape
            || (axis < 0 ? axis + shape.Rank : axis) is not (>= 0 and var at)
            || shape.Skip((int)at + 1).Any(d => d.Size != 1))
        {
            throw Unknown(node, "means one axis only, where it takes several together here");
        }

        node.Set("axis", at);
    }

    /// <summary>Given: Upsample(x, scales)   Result: Resize(x, roi = none, scales), with coordinates as Upsample has them.</summary>
    private static void ToResize(Graph graph, Node node, Value? scales)
    {
        if (scales is null)
        {
            var factors = node.Attribute("scales")?.Value as float[] ?? throw new BrokenModelException($"{node} has no scales.");
            scales = graph.AddFreshInitializer($"{node.Label}_scales", Tensor.Of(factors));
        }

        var (x, output) = (node.Required(0), node.Output);
        NodeAttribute[] attributes =
        [
            new("mode", node.String("mode", "nearest") is var mode && mode.EndsWith("linear", StringComparison.Ordinal) ? "linear" : mode),
            new("coordinate_transformation_mode", "asymmetric"),
            new("nearest_mode", "floor"),
        ];
        var resize =
            graph.AddNode(node.Name, "Resize", [x, null, scales], [graph.FreshName(output.Name + "_resized")], attributes, before: node);
        (resize.Output.ElementType, resize.Output.Shape) = (output.ElementType, output.Shape);
        if (!graph.ReplaceAllUsesWith(output, resize.Output))
        {
            throw Unknown(node, "is called Resize, and a subgraph reads it");
        }

        graph.RemoveNodes(new HashSet<Node> { node });
    }

    private static void MoveLongs(Graph graph, Node node, string attribute, int input)
    {
        if (node.Ints(attribute) is { } values)
        {
            node.SetInput(input, graph.AddFreshInitializer($"{node.Label}_{attribute}", Tensor.Of(values)));
            node.RemoveAttribute(attribute);
        }
    }

    private static void MoveFloat(Graph graph, Node node, string attribute, int input)
    {
        if (node.Attribute(attribute) is not null)
        {
            var type = node.Required(0).ElementType;
            var value = Tensor.FromValues(type.IsFloatingPoint() ? type : ElementType.Float, [], [node.Float(attribute, 0)]);
            node.SetInput(input, graph.AddFreshInitializer($"{node.Label}_{attribute}", value));
            node.RemoveAttribute(attribute);
        }
    }

    private static UnsupportedModelException Unknown(Node node, string what) => new(
        $"{node} {what} in operator set {Target}, which integers with scales by channel need, so that the model cannot be raised to it: "
            + "export it anew with that or a newer one.");
}
