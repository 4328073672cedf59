using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Training.Operators;

/// <summary><c>Gemm: alpha · A [M, K] · B [K, N] + beta · C; MatMul: A [..., M, K] · B [..., K, N]</c></summary>
internal static class MatrixProducts
{
    public static Tensor Gemm(OperatorCall call)
    {
        var node = call.Node;
        var (a, b) = (call.Input(0), call.Input(1));
        var (alpha, beta) = (node.Float("alpha", 1), node.Float("beta", 1));
        if (node.Int("transA", 0) != 0)
        {
            a = a.permute(1, 0);
        }

        var transposed = node.Int("transB", 0) != 0;
        if (alpha == 1 && beta == 1 && transposed && call.Optional(2) is { shape.Length: 1 } bias)
        {
            return functional.linear(a, b, bias);
        }

        var product = a.matmul(transposed ? b.permute(1, 0) : b);
        product = alpha == 1 ? product : product.mul(alpha);
        return call.Optional(2) is { } c ? product.add(c, beta) : product;
    }

    public static Tensor MatMul(OperatorCall call) => call.Input(0).matmul(call.Input(1));
}
