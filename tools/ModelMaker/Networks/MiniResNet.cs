using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// Small three-stage residual networks of bottlenecks that vary what happens inside the branch: grouped 3x3 convolutions
/// (ResNeXt) or squeeze-and-excitation (SE-ResNet).
/// </summary>
public static class MiniResNet
{
    private const int Blocks = 2;

    /// <summary>ResNeXt: 3x3 convolutions in 8 groups.</summary>
    public static Feature BuildResNeXt(NetworkBuilder net) => Build(net, groups: 8, squeeze: false);

    /// <summary>SE-ResNet: every branch is scaled per channel before it is added.</summary>
    public static Feature BuildSqueezed(NetworkBuilder net) => Build(net, groups: 1, squeeze: true);

    private static Feature Build(NetworkBuilder net, int groups, bool squeeze)
    {
        var x = net.Relu("relu", net.BatchNorm("bn1", net.Conv("conv1", net.Input(3, 32), 16, 3)));
        for (var stage = 1; stage <= 3; stage++)
            for (var block = 0; block < Blocks; block++)
                x = Block(net, $"layer{stage}.{block}", x, 32 << stage - 1, stage > 1 && block == 0 ? 2 : 1, groups, squeeze);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, int stride, int groups, bool squeeze)
    {
        var inner = squeeze ? channels / 2 : channels;
        var branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, inner, 1)));
        branch = net.BatchNorm($"{module}.bn2", net.Conv($"{module}.conv2", branch, inner, 3, stride, groups: groups));
        branch = net.Conv($"{module}.conv3", net.Relu($"{module}.relu", branch), channels, 1);
        branch = net.BatchNorm($"{module}.bn3", branch, 1 / Math.Sqrt(Blocks));
        if (squeeze)
            branch = Squeeze(net, $"{module}.se", branch);
        var shortcut = stride == 1 && x.Channels == channels
            ? x
            : net.BatchNorm($"{module}.downsample.1", net.Conv($"{module}.downsample.0", x, channels, 1, stride));
        return net.Relu($"{module}.relu", net.Add(module, branch, shortcut));
    }

    private static Feature Squeeze(NetworkBuilder net, string module, Feature x)
    {
        var squeezed = net.Conv($"{module}.fc1", net.GlobalAveragePool($"{module}.avgpool", x), x.Channels / 4, 1, bias: true);
        var excited = net.Conv($"{module}.fc2", net.Relu($"{module}.activation", squeezed), x.Channels, 1, bias: true);
        return net.Mul(module, x, net.Sigmoid($"{module}.scale_activation", excited));
    }
}
