using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small MobileNetV2: inverted residuals with depthwise convolutions, Clip to [0, 6], linear projections.</summary>
public static class MobileNetV2
{
    private static readonly (int Channels, int Stride)[] Blocks = [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1), (32, 1)];

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Activated(net, "features.0", net.Input(3, 32), 16, 3, 1, 1);
        for (var i = 0; i < Blocks.Length; i++)
            x = Block(net, $"features.{i + 1}", x, Blocks[i].Channels, Blocks[i].Stride);
        x = Activated(net, $"features.{Blocks.Length + 1}", x, 128, 1, 1, 1);
        return net.Gemm("classifier.1", net.Flatten("", net.GlobalAveragePool("", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, int stride)
    {
        var wide = Activated(net, $"{module}.conv.0", x, 4 * x.Channels, 1, 1, 1);
        wide = Activated(net, $"{module}.conv.1", wide, wide.Channels, 3, stride, groups: wide.Channels);
        var branch = net.BatchNorm($"{module}.conv.3", net.Conv($"{module}.conv.2", wide, channels, 1), 0.7);
        return stride == 1 && x.Channels == channels ? net.Add(module, x, branch) : branch;
    }

    private static Feature Activated(NetworkBuilder net, string module, Feature x, int channels, int kernel, int stride, int groups)
    {
        var y = net.Conv($"{module}.0", x, channels, kernel, stride, groups: groups);
        return net.Relu6($"{module}.2", net.BatchNorm($"{module}.1", y));
    }
}
