using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// The CIFAR-10 ResNets of "Deep Residual Learning for Image Recognition", section 4.2: depth 6n+2, basic blocks of 16, 32
/// and 64 channels; shortcuts without parameters (option A) or by 1x1 projections (option B).
/// </summary>
public static class CifarResNet
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature Build(NetworkBuilder net, int depth, bool projections)
    {
        var x = net.Input(3, 32);
        x = net.Relu("", net.BatchNorm("bn1", net.Conv("conv1", x, 16, 3)));
        var blocks = (depth - 2) / 6;
        for (var stage = 1; stage <= 3; stage++)
            for (var block = 0; block < blocks; block++)
                x = Block(net, $"layer{stage}.{block}", x, 8 << stage, stage > 1 && block == 0 ? 2 : 1, projections, 1 / Math.Sqrt(blocks));

        if (net.Options.ComputedPads)
            x = net.PadByNothing("", x);
        x = net.AveragePool("", x, x.Height, x.Height);
        return net.Gemm("linear", net.Flatten("", x), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, int stride, bool projections, double strength)
    {
        var branch = net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, channels, 3, stride));
        branch = net.Conv($"{module}.conv2", net.Relu(module, branch), channels, 3);
        branch = net.BatchNorm($"{module}.bn2", branch, strength);
        return net.Relu(module, net.Add(module, branch, Shortcut(net, module, x, channels, stride, projections)));
    }

    private static Feature Shortcut(NetworkBuilder net, string module, Feature x, int channels, int stride, bool projections)
    {
        if (stride == 1 && x.Channels == channels)
            return x;
        return projections
            ? net.BatchNorm($"{module}.shortcut.1", net.Conv($"{module}.shortcut.0", x, channels, 1, stride))
            : net.SubsampleAndPad($"{module}.shortcut", x, (channels - x.Channels) / 2);
    }
}
