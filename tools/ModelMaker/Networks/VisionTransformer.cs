using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// A small vision transformer: patches by a convolution, self-attention and perceptrons with LayerNormalization before them.
/// </summary>
public static class VisionTransformer
{
    private const int Width = 48;
    private const int Heads = 3;

    /// <summary>Builds up to the logits; opset 17 at least.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.ToTokens("patches", net.Conv("conv_proj", net.Input(3, 32), Width, 8, 8, padding: 0, bias: true));
        for (var layer = 0; layer < 2; layer++)
            x = Block(net, $"encoder.layers.{layer}", x);
        return net.Gemm("heads.head", net.MeanToken("pool", net.LayerNorm("encoder.ln", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x)
    {
        var attended = net.Attention($"{module}.self_attention", net.LayerNorm($"{module}.ln_1", x), Heads);
        x = net.Add(module, net.Linear($"{module}.self_attention.out_proj", attended, Width), x);
        var hidden = net.Gelu($"{module}.mlp.1", net.Linear($"{module}.mlp.0", net.LayerNorm($"{module}.ln_2", x), 4 * Width));
        return net.Add(module, net.Linear($"{module}.mlp.3", hidden, Width), x);
    }
}
