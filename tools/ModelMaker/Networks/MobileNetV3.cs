using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small MobileNetV3: inverted residuals, some with 5x5 kernels, squeeze-and-excitation and hard swish.</summary>
public static class MobileNetV3
{
    private static readonly (int Kernel, int Wide, int Channels, bool Squeezes, bool Swishes, int Stride)[] Blocks =
        [(3, 16, 16, true, false, 2), (
            3, 72, 24, false, false, 2), (3, 88, 24, false, false, 1), (5, 96, 40, true, true, 2), (5, 120, 40, true, true, 1)];

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.HardSwish("features.0.2", net.BatchNorm("features.0.1", net.Conv("features.0.0", net.Input(3, 32), 16, 3)));
        for (var i = 0; i < Blocks.Length; i++)
            x = Block(net, $"features.{i + 1}", x, Blocks[i]);
        x = net.HardSwish("features.6.2", net.BatchNorm("features.6.1", net.Conv("features.6.0", x, 144, 1)));
        x = net.Gemm("classifier.0", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 96);
        return net.Gemm("classifier.3", net.HardSwish("classifier.1", x), 10);
    }

    private static Feature Block(
        NetworkBuilder net, string module, Feature x, (int Kernel, int Wide, int Channels, bool Squeezes, bool Swishes, int Stride) block)
    {
        Func<string, Feature, Feature> activation = block.Swishes ? net.HardSwish : net.Relu;
        var wide = activation(
            $"{module}.block.0.2", net.BatchNorm($"{module}.block.0.1", net.Conv($"{module}.block.0.0", x, block.Wide, 1)));
        wide = net.Conv($"{module}.block.1.0", wide, block.Wide, block.Kernel, block.Stride, groups: block.Wide);
        wide = activation($"{module}.block.1.2", net.BatchNorm($"{module}.block.1.1", wide));
        if (block.Squeezes)
            wide = Excitation.Hard(net, $"{module}.block.2", wide, Math.Max(8, block.Wide / 4));
        var branch = net.BatchNorm($"{module}.block.3.1", net.Conv($"{module}.block.3.0", wide, block.Channels, 1), 0.7);
        return block.Stride == 1 && x.Channels == block.Channels ? net.Add(module, branch, x) : branch;
    }
}
