using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// A small ConvNeXt: depthwise 7x7, LayerNormalization over the channels, a perceptron on channels-last maps, and a learnt scale per
/// channel before the shortcut is added.
/// </summary>
public static class ConvNeXt
{
    /// <summary>Builds up to the logits; opset 17 at least.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Norm(net, "features.0.1", net.Conv("features.0.0", net.Input(3, 32), 24, 4, 4, padding: 0, bias: true));
        x = Block(net, "features.1.1", Block(net, "features.1.0", x));
        x = net.Conv("features.2.1", Norm(net, "features.2.0", x), 48, 2, 2, padding: 0, bias: true);
        x = Block(net, "features.3.1", Block(net, "features.3.0", x));
        x = net.Flatten("classifier.1", Norm(net, "classifier.0", net.GlobalAveragePool("avgpool", x)));
        return net.Gemm("classifier.2", x, 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x)
    {
        var branch = net.Conv($"{module}.block.0", x, x.Channels, 7, groups: x.Channels, bias: true);
        branch = net.LayerNorm($"{module}.block.2", net.ToChannelsLast($"{module}.block.1", branch));
        branch = net.Gelu($"{module}.block.4", net.Linear($"{module}.block.3", branch, 4 * x.Channels, 1.4));
        branch = net.ToChannelsFirst($"{module}.block.6", net.Linear($"{module}.block.5", branch, x.Channels, 1.4));
        return net.Add(module, net.LayerScale(module, branch, 0.5), x);
    }

    private static Feature Norm(NetworkBuilder net, string module, Feature x) =>
        net.ToChannelsFirst(module, net.LayerNorm(module, net.ToChannelsLast(module, x)));
}
