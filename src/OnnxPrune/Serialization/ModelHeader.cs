using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>The fields of a file before its graph.</summary>
internal static class ModelHeader
{
    /// <summary>An independent copy that states another version of ONNX's own operator set, and another file format.</summary>
    public static Model WithOpset(Model model, long opset, long irVersion)
    {
        var message = new WireMessage()
            .AddNumber(ModelProto.IrVersionFieldNumber, irVersion)
            .Add(ModelProto.OpsetImportFieldNumber, new OperatorSetIdProto { Version = opset });
        foreach (var field in WireField.In(model.Source).Where(f => f.Number != ModelProto.IrVersionFieldNumber && !IsOwnOpset(f)))
        {
            message.Add(field);
        }

        return new Model(
            model.Graph.Clone(out _),
            new Dictionary<string, long>(model.Opsets) { [""] = opset },
            new Dictionary<string, string>(model.Metadata))
        {
            Functions = model.Functions,
            IrVersion = irVersion,
            Producer = model.Producer,
            Folder = model.Folder,
            HasExternalData = model.HasExternalData,
            ExternalData = model.ExternalData,
            Source = message.ToArray(),
        };
    }

    private static bool IsOwnOpset(WireField field) =>
        field.Holds(ModelProto.OpsetImportFieldNumber) && OperatorSetIdProto.Parser.ParseFrom(field.Content.Span).Domain is "" or "ai.onnx";
}
