using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small EfficientNet: inverted residuals with SiLU, and squeeze-and-excitation from a quarter of the block's input.</summary>
public static class EfficientNet
{
    private static readonly (int Expansion, int Kernel, int Channels, int Stride)[] Blocks =
        [(1, 3, 16, 1), (4, 3, 24, 2), (4, 3, 24, 1), (4, 5, 40, 2), (4, 5, 40, 1)];

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "features.0", net.Input(3, 32), 16, 3, 1, 1);
        for (var i = 0; i < Blocks.Length; i++)
            x = Block(net, $"features.{i + 1}.0", x, Blocks[i].Expansion, Blocks[i].Kernel, Blocks[i].Channels, Blocks[i].Stride);
        return net.Gemm("classifier.1", net.Flatten("", net.GlobalAveragePool("avgpool", Unit(net, "features.8", x, 160, 1, 1, 1))), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int expansion, int kernel, int channels, int stride)
    {
        var wide = expansion == 1 ? x : Unit(net, $"{module}.block.0", x, expansion * x.Channels, 1, 1, 1);
        wide = Unit(net, $"{module}.block.1", wide, wide.Channels, kernel, stride, wide.Channels);
        wide = Excitation.Silu(net, $"{module}.block.2", wide, x.Channels / 4);
        var branch = net.BatchNorm($"{module}.block.3.1", net.Conv($"{module}.block.3.0", wide, channels, 1), 0.7);
        return stride == 1 && x.Channels == channels ? net.Add(module, branch, x) : branch;
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int kernel, int stride, int groups) =>
        net.Silu($"{module}.2", net.BatchNorm($"{module}.1", net.Conv($"{module}.0", x, channels, kernel, stride, groups: groups)));
}
