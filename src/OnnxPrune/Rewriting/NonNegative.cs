using OnnxPrune.Graphs;

namespace OnnxPrune.Rewriting;

/// <summary>True if a value is never negative, as far as its producers tell.</summary>
internal static class NonNegative
{
    public static bool Is(Value value) => value.Producer switch
    {
        { Domain: "", OpType: "Relu" or "Sigmoid" or "Softmax" or "Exp" or "Abs" or "HardSigmoid" or "Softplus" } => true,
        {
            Domain: "", OpType: "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool" or "Identity" or "Dropout" or "Flatten"
            or "Reshape" or "Transpose" or "Slice"
        } node
            when node.Outputs[0] == value => Is(node.Required(0)),
        { Domain: "", OpType: "Concat" or "Add" or "Sum" or "Max" } node => node.Inputs.All(i => i is not null && Is(i)),
        _ => false,
    };
}
