using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>
/// The values behind final activations. A Softmax that has made up its mind gives the same answer for wrong logits too, so that
/// outputs alone would hide errors.
/// </summary>
internal static class SaturatedOutputs
{
    /// <summary>Makes outputs of what feeds the last Softmax, Sigmoid or the like above each output.</summary>
    /// <returns>Their names, in the order of the outputs.</returns>
    public static IReadOnlyList<string> Expose(Model model)
    {
        var names = new List<string>();
        foreach (var output in model.Graph.Outputs.ToArray())
        {
            if (Above(output) is not { } logits || logits.IsInitializer || logits.IsGraphInput || !logits.ElementType.IsFloatingPoint())
            {
                continue;
            }

            names.Add(logits.Name);
            if (!logits.IsGraphOutput)
            {
                model.Graph.AddOutput(logits);
            }
        }

        return names;
    }

    /// <summary>A copy of the model without the outputs that were added.</summary>
    public static Model Hide(Model model, IReadOnlyList<string> added)
    {
        var message = Onnx.ModelProto.Parser.ParseFrom(OnnxFile.ToBytes(model));
        foreach (var output in message.Graph.Output.Where(o => added.Contains(o.Name) && o.Type is null).ToArray())
        {
            message.Graph.Output.Remove(output);
        }

        return added.Count == 0 ? model : OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(message), model.Folder);
    }

    private static Value? Above(Value value) => value.Producer switch
    {
        { OpType: "Softmax" or "LogSoftmax" or "Hardmax" or "Sigmoid" or "HardSigmoid" or "Tanh" or "ArgMax" or "ArgMin" } node =>
            node.Required(0),
        { OpType: "Identity" or "Reshape" or "Flatten" or "Transpose" or "Squeeze" or "Unsqueeze" or "Cast" or "Dropout" } node =>
            Above(node.Required(0)),
        _ => null,
    };
}
