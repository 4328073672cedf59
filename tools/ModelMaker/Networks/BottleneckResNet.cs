using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// The "ResNet-56" of the BPCP paper: depth 9n+2, bottlenecks of 16, 32 and 64 planes with expansion 4, projections that
/// are bare 1x1 convolutions. v1 activates after the addition, v2 before the convolutions.
/// </summary>
public static class BottleneckResNet
{
    private const int Expansion = 4;

    /// <summary>Builds up to the logits.</summary>
    public static Feature Build(NetworkBuilder net, int depth, bool preActivation)
    {
        var x = net.Conv("conv1", net.Input(3, 32), 16, 3);
        if (!preActivation)
            x = net.Relu("relu", net.BatchNorm("bn1", x));
        var blocks = (depth - 2) / 9;
        for (var stage = 1; stage <= 3; stage++)
            for (var block = 0; block < blocks; block++)
            {
                var (module, planes, stride) = ($"layer{stage}.{block}", 8 << stage, stage > 1 && block == 0 ? 2 : 1);
                var shortcut = block == 0 ? net.Conv($"{module}.downsample.0", x, planes * Expansion, 1, stride) : x;
                x = preActivation
                    ? PreActivated(net, module, x, shortcut, planes, stride)
                    : PostActivated(net, module, x, shortcut, planes, stride, 1 / Math.Sqrt(blocks));
            }

        if (preActivation)
            x = net.Relu("relu", net.BatchNorm("bn", x));
        x = net.AveragePool("avgpool", x, x.Height, x.Height);
        return net.Gemm("fc", net.Flatten("", x), 10);
    }

    private static Feature PostActivated(
        NetworkBuilder net, string module, Feature x, Feature shortcut, int planes, int stride, double strength)
    {
        var branch = net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, planes, 1));
        branch = net.Conv($"{module}.conv2", net.Relu($"{module}.relu", branch), planes, 3, stride);
        branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn2", branch));
        branch = net.BatchNorm($"{module}.bn3", net.Conv($"{module}.conv3", branch, planes * Expansion, 1), strength);
        return net.Relu($"{module}.relu", net.Add(module, branch, shortcut));
    }

    private static Feature PreActivated(NetworkBuilder net, string module, Feature x, Feature shortcut, int planes, int stride)
    {
        var branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn1", x));
        branch = net.BatchNorm($"{module}.bn2", net.Conv($"{module}.conv1", branch, planes, 1));
        branch = net.Conv($"{module}.conv2", net.Relu($"{module}.relu", branch), planes, 3, stride);
        branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn3", branch));
        return net.Add(module, net.Conv($"{module}.conv3", branch, planes * Expansion, 1), shortcut);
    }
}
