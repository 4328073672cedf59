using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>Squeeze-and-excitation as the families have it: a factor per channel from the pooled map, by two 1x1 convolutions.</summary>
internal static class Excitation
{
    /// <summary>Relu between the convolutions, a sigmoid after.</summary>
    public static Feature Relu(NetworkBuilder net, string module, Feature x, int squeezed) =>
        net.Mul(module, x, net.Sigmoid($"{module}.scale_activation", Gate(net, module, x, squeezed, net.Relu)));

    /// <summary>x · sigmoid(x) between the convolutions, a sigmoid after: EfficientNet's.</summary>
    public static Feature Silu(NetworkBuilder net, string module, Feature x, int squeezed) =>
        net.Mul(module, x, net.Sigmoid($"{module}.scale_activation", Gate(net, module, x, squeezed, net.Silu)));

    /// <summary>Relu between the convolutions, a hard sigmoid after: MobileNetV3's.</summary>
    public static Feature Hard(NetworkBuilder net, string module, Feature x, int squeezed) =>
        net.Mul(module, x, net.HardSigmoid($"{module}.scale_activation", Gate(net, module, x, squeezed, net.Relu)));

    private static Feature Gate(NetworkBuilder net, string module, Feature x, int squeezed, Func<string, Feature, Feature> activation)
    {
        var pooled = net.Conv($"{module}.fc1", net.GlobalAveragePool($"{module}.avgpool", x), squeezed, 1, bias: true);
        return net.Conv($"{module}.fc2", activation($"{module}.activation", pooled), x.Channels, 1, bias: true);
    }
}
