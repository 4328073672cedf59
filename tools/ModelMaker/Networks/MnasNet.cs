using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small MNASNet: a separable stem, then inverted residuals with 3x3 and 5x5 kernels and Relu.</summary>
public static class MnasNet
{
    private static readonly (int Kernel, int Expansion, int Channels, int Stride)[] Blocks = [
        (3, 3, 24, 2), (3, 3, 24, 1), (5, 3, 40, 2), (5, 3, 40, 1), (5, 6, 64, 1)
    ];

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "layers.0", net.Input(3, 32), 32, 3, 1, 1);
        x = Unit(net, "layers.3", x, 32, 3, 1, 32);
        x = net.BatchNorm("layers.7", net.Conv("layers.6", x, 16, 1));
        for (var i = 0; i < Blocks.Length; i++)
            x = Block(net, $"layers.{i + 8}.0", x, Blocks[i].Kernel, Blocks[i].Expansion, Blocks[i].Channels, Blocks[i].Stride);
        return net.Gemm("classifier.1", net.Flatten("", net.GlobalAveragePool("", Unit(net, "layers.14", x, 160, 1, 1, 1))), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int kernel, int expansion, int channels, int stride)
    {
        var wide = Unit(net, $"{module}.layers.0", x, expansion * x.Channels, 1, 1, 1);
        wide = Unit(net, $"{module}.layers.3", wide, wide.Channels, kernel, stride, wide.Channels);
        var branch = net.BatchNorm($"{module}.layers.7", net.Conv($"{module}.layers.6", wide, channels, 1), 0.7);
        return stride == 1 && x.Channels == channels ? net.Add(module, branch, x) : branch;
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int kernel, int stride, int groups) =>
        net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, kernel, stride, groups: groups)));
}
