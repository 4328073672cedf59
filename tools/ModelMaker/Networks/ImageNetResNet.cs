using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>The ImageNet ResNets as torchvision builds them: the stride of a bottleneck lies on its 3x3 convolution.</summary>
public static class ImageNetResNet
{
    /// <summary>Builds up to the logits.</summary>
    /// <param name="net">Where to build.</param>
    /// <param name="bottlenecks">Bottlenecks (1x1, 3x3, 1x1, expansion 4) instead of basic blocks (3x3, 3x3).</param>
    /// <param name="blocks">Blocks in each of the four stages.</param>
    public static Feature Build(NetworkBuilder net, bool bottlenecks, params int[] blocks)
    {
        var x = net.Conv("conv1", net.Input(3, 224), 64, 7, 2);
        x = net.MaxPool("maxpool", net.Relu("relu", net.BatchNorm("bn1", x)), 3, 2, 1);
        for (var stage = 0; stage < blocks.Length; stage++)
            for (var block = 0; block < blocks[stage]; block++)
            {
                var (module, planes, stride) = ($"layer{stage + 1}.{block}", 64 << stage, stage > 0 && block == 0 ? 2 : 1);
                var channels = bottlenecks ? 4 * planes : planes;
                var branch = bottlenecks
                    ? Bottleneck(net, module, x, planes, stride)
                    : Basic(net, module, x, planes, stride);
                branch = net.BatchNorm($"{module}.bn{(bottlenecks ? 3 : 2)}", branch, 1 / Math.Sqrt(blocks[stage]));
                var shortcut = stride == 1 && x.Channels == channels
                    ? x
                    : net.BatchNorm($"{module}.downsample.1", net.Conv($"{module}.downsample.0", x, channels, 1, stride));
                x = net.Relu($"{module}.relu", net.Add(module, branch, shortcut));
            }

        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 1000);
    }

    private static Feature Basic(NetworkBuilder net, string module, Feature x, int planes, int stride)
    {
        var branch = net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, planes, 3, stride));
        return net.Conv($"{module}.conv2", net.Relu($"{module}.relu", branch), planes, 3);
    }

    private static Feature Bottleneck(NetworkBuilder net, string module, Feature x, int planes, int stride)
    {
        var branch = net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, planes, 1));
        branch = net.Conv($"{module}.conv2", net.Relu($"{module}.relu", branch), planes, 3, stride);
        branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn2", branch));
        return net.Conv($"{module}.conv3", branch, 4 * planes, 1);
    }
}
