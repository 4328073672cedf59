using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small ShuffleNet V2: half of the channels pass by, the other half is convolved, then all are shuffled.</summary>
public static class ShuffleNetV2
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Activated(net, "conv1", net.Input(3, 32), 24, 3);
        for (var stage = 2; stage <= 3; stage++)
            for (var block = 0; block < 3; block++)
                x = Block(net, $"stage{stage}.{block}", x, 24 << stage - 1, block == 0);
        x = Activated(net, "conv5", x, 128, 1);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, bool downsample)
    {
        var (first, second) = downsample ? (Shortcut(net, $"{module}.branch1", x, channels / 2), x) : net.Halve(module, x);
        var branch = $"{module}.branch2";
        second = net.Relu($"{branch}.2", net.BatchNorm($"{branch}.1", net.Conv($"{branch}.0", second, channels / 2, 1)));
        second = net.Conv($"{branch}.3", second, second.Channels, 3, downsample ? 2 : 1, groups: second.Channels);
        second = net.Conv($"{branch}.5", net.BatchNorm($"{branch}.4", second), channels / 2, 1);
        second = net.Relu($"{branch}.7", net.BatchNorm($"{branch}.6", second));
        return net.ShuffleChannels(module, net.Concat(module, first, second), 2);
    }

    private static Feature Shortcut(NetworkBuilder net, string module, Feature x, int channels)
    {
        x = net.BatchNorm($"{module}.1", net.Conv($"{module}.0", x, x.Channels, 3, 2, groups: x.Channels));
        return net.Relu($"{module}.4", net.BatchNorm($"{module}.3", net.Conv($"{module}.2", x, channels, 1)));
    }

    private static Feature Activated(NetworkBuilder net, string module, Feature x, int channels, int kernel) =>
        net.Relu($"{module}.2", net.BatchNorm($"{module}.1", net.Conv($"{module}.0", x, channels, kernel)));
}
