using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Planning;

/// <summary>A node whose multiplications are not counted, or not all of them.</summary>
/// <param name="Reason">As a clause: "the size of its weight 'w' is unknown".</param>
internal sealed record UncountedLayer(Node Node, string Reason)
{
    /// <summary>Operators that multiply and add, whatever their domain.</summary>
    private static readonly HashSet<string> s_multiplying =
    [
        "Conv", "ConvTranspose", "Gemm", "MatMul", "FusedConv", "FusedGemm", "FusedMatMul", "FusedMatMulActivation", "TransposeMatMul",
        "GemmFastGelu", "GemmFloat8",
        "ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul", "QGemm", "MatMulNBits", "MatMulBnb4", "MatMulFpQ4",
        "MatMulInteger16", "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul", "NhwcConv", "NhwcFusedConv", "ConvTransposeWithDynamicPads", "SparseToDenseMatMul", "DeformConv", "Einsum",
        "LSTM", "GRU", "RNN",
        "DynamicQuantizeLSTM", "AttnLSTM", "Attention", "QAttention", "MultiHeadAttention", "GroupQueryAttention", "PackedAttention",
        "PackedMultiHeadAttention",
        "DecoderAttention", "DecoderMaskedSelfAttention", "DecoderMaskedMultiHeadAttention", "LongformerAttention", "SparseAttention",
        "CDist", "MoE", "QMoE", "DFT", "STFT",
    ];

    /// <summary>True if an operator of this name multiplies and adds.</summary>
    internal static bool Multiplies(string opType) => s_multiplying.Contains(opType);

    /// <summary>Why a node's multiplications are not known in numbers; null where they are, or where it has none.</summary>
    /// <param name="isCounted">Whether a number was found for them, in which unknown sizes are 1.</param>
    internal static UncountedLayer? Of(Node node, bool isCounted, CostShapes shapes)
    {
        if (node.InnerOperators.FirstOrDefault(s_multiplying.Contains) is { } inner)
        {
            var place = OperatorTable.IsFunctionCall(node)
                ? "a function that could not be inlined"
                : "subgraphs, which run as often as the data say";
            return new UncountedLayer(node, $"holds layers ({inner}) in {place}");
        }

        if (!s_multiplying.Contains(node.OpType))
        {
            return null;
        }

        var open = node.Inputs.Take(2).Prepend(isCounted ? node.Outputs[0] : null).OfType<Value>().FirstOrDefault(shapes.IsOpen);
        return open is not null
            ? new UncountedLayer(node, $"the size of '{open.Name}' is not known{(open.Shape is { } shape ? $" ({shape})" : "")}")
            : !isCounted ? new UncountedLayer(node, "there is no rule to count this operator, or the ranks of its operands do not suit it")
            : null;
    }
}
