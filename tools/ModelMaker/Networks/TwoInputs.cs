using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A classifier of an image and a number: the number is spread over all positions and joined to the feature map.</summary>
public static class TwoInputs
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "conv1", net.Input(3, 32), 24, 2);
        x = Unit(net, "conv3", net.Concat(
            "join", Unit(net, "conv2", x, 32, 2), net.Spread("spread", net.FlatInput("speed", 1), x.Height / 2)), 48, 1);
        x = net.Relu("fc1.relu", net.Gemm("fc1", net.Flatten("", net.GlobalAveragePool("pool", x)), 64, 1));
        return net.Gemm("fc2", x, 10);
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int stride) =>
        net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, 3, stride)));
}
