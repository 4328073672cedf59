namespace OnnxPrune.Torch.Operators;

/// <summary>Softmax along one axis; before opset 13 all axes from that one on count as one.</summary>
internal static class Softmaxes
{
    public static long Axis(OperatorCall call)
    {
        var rank = call.Input(0).shape.Length;
        var isOld = call.Facts.Model.Opset < 13;
        var axis = call.Node.Int("axis", isOld ? 1 : -1);
        axis = axis < 0 ? axis + rank : axis;
        return !isOld || axis == rank - 1 || call.Input(0).shape.Skip((int)axis + 1).All(d => d == 1)
            ? axis
            : throw call.Unsupported("normalizes over several axes at once");
    }
}
