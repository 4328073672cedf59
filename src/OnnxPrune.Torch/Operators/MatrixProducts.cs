using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary><c>Gemm: alpha · A [M, K] · B [K, N] + beta · C; MatMul: A [..., M, K] · B [..., K, N]</c></summary>
internal static class MatrixProducts
{
    public static Tensor Gemm(OperatorCall call)
    {
        var node = call.Node;
        var (a, b) = (call.Input(0), call.Input(1));
        var (alpha, beta) = (node.Float("alpha", 1), node.Float("beta", 1));
        if (a.shape.Length != 2 || b.shape.Length != 2)
        {
            throw call.Unsupported($"multiplies {Size(a)} by {Size(b)}, and only matrices can be");
        }

        if (node.Int("transA", 0) != 0)
        {
            a = a.permute(1, 0);
        }

        var transposed = node.Int("transB", 0) != 0;
        if (alpha == 1 && beta == 1 && transposed && call.Optional(2) is { shape.Length: 1 } bias)
        {
            return functional.linear(a, b, bias);
        }

        var product = Multiply(call, a, transposed ? b.permute(1, 0) : b);
        product = alpha == 1 ? product : product.Times(alpha);
        return call.Optional(2) is { } c ? product.Plus(c, beta) : product;
    }

    public static Tensor MatMul(OperatorCall call) => Multiply(call, call.Input(0), call.Input(1));

    /// <summary>
    /// TorchSharp's matmul is the one call on tensors that does not catch what libtorch throws: wrong sizes would end the process.
    /// </summary>
    private static Tensor Multiply(OperatorCall call, Tensor a, Tensor b)
    {
        var (left, right) = (a.shape, b.shape);
        var fits = left.Length > 0 && right.Length > 0 && a.dtype == b.dtype
            && left[^1] == right[Math.Max(0, right.Length - 2)]
            && Enumerable.Range(3, Math.Max(0, Math.Min(left.Length, right.Length) - 2))
                .All(i => left[^i] == right[^i] || left[^i] == 1 || right[^i] == 1);
        return fits ? a.matmul(b) : throw call.Unsupported($"multiplies {Size(a)} by {Size(b)}, which do not fit together");
    }

    private static string Size(Tensor x) => $"[{string.Join(", ", x.shape)}]";
}
