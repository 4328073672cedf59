using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small DenseNet-BC: three dense blocks of four layers, growth 12, transitions that halve.</summary>
public static class DenseNet
{
    private const int Growth = 12;

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.Conv("features.conv0", net.Input(3, 32), 2 * Growth, 3);
        for (var block = 1; block <= 3; block++)
        {
            x = Block(net, $"features.denseblock{block}", x);
            if (block < 3)
                x = Transition(net, $"features.transition{block}", x);
        }

        x = net.Relu("", net.BatchNorm("features.norm5", x));
        return net.Gemm("classifier", net.Flatten("", net.GlobalAveragePool("", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x)
    {
        List<Feature> features = [x];
        for (var layer = 1; layer <= 4; layer++)
        {
            var name = $"{module}.denselayer{layer}";
            var all = features.Count == 1 ? x : net.Concat(name, features);
            var narrow = net.Conv($"{name}.conv1", net.Relu($"{name}.relu1", net.BatchNorm($"{name}.norm1", all)), 4 * Growth, 1);
            features.Add(net.Conv($"{name}.conv2", net.Relu($"{name}.relu2", net.BatchNorm($"{name}.norm2", narrow)), Growth, 3));
        }

        return net.Concat(module, features);
    }

    private static Feature Transition(NetworkBuilder net, string module, Feature x)
    {
        x = net.Relu($"{module}.relu", net.BatchNorm($"{module}.norm", x));
        return net.AveragePool($"{module}.pool", net.Conv($"{module}.conv", x, x.Channels / 2, 1), 2, 2);
    }
}
