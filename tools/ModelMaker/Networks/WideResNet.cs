using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small Wide ResNet: pre-activation basic blocks, four times as wide as He's, one block in each of three stages.</summary>
public static class WideResNet
{
    private const int Widening = 4;

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.Conv("conv1", net.Input(3, 32), 16, 3);
        for (var stage = 0; stage < 3; stage++)
            x = Block(net, $"block{stage + 1}.layer.0", x, (8 << stage) * Widening, stage == 0 ? 1 : 2);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("", net.Relu("relu", net.BatchNorm("bn1", x)))), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, int stride)
    {
        var active = net.Relu($"{module}.relu1", net.BatchNorm($"{module}.bn1", x));
        var branch = net.BatchNorm($"{module}.bn2", net.Conv($"{module}.conv1", active, channels, 3, stride));
        branch = net.Conv($"{module}.conv2", net.Relu($"{module}.relu2", branch), channels, 3);
        return net.Add(module, net.Conv($"{module}.convShortcut", active, channels, 1, stride), branch);
    }
}
