using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small GoogLeNet: modules of four branches (1x1, 3x3, two 3x3, pooled) of unequal widths, concatenated.</summary>
public static class Inception
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "conv1", net.Input(3, 32), 32, 3);
        x = Module(net, "inception3a", x, 16);
        x = net.MaxPool("maxpool3", Module(net, "inception3b", x, 24), 2, 2);
        x = Module(net, "inception4a", x, 32);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }

    private static Feature Module(NetworkBuilder net, string module, Feature x, int width)
    {
        var narrow = Unit(net, $"{module}.branch1", x, width, 1);
        var middle = Unit(net, $"{module}.branch2.1", Unit(net, $"{module}.branch2.0", x, width, 1), 2 * width, 3);
        var wide = Unit(net, $"{module}.branch3.0", x, width / 2, 1);
        wide = Unit(net, $"{module}.branch3.2", Unit(net, $"{module}.branch3.1", wide, width, 3), width, 3);
        var pooled = Unit(net, $"{module}.branch4.1", net.MaxPool($"{module}.branch4.0", x, 3, 1, 1), width / 2, 1);
        return net.Concat(module, narrow, middle, wide, pooled);
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int kernel) =>
        net.Relu(module, net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, kernel)));
}
