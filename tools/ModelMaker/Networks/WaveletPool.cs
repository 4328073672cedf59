using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small network that halves maps by Haar's low-pass wavelet, four strided slices added up, beside a max pool.</summary>
public static class WaveletPool
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "conv1", net.Input(3, 32), 16);
        for (var stage = 1; stage <= 2; stage++)
            x = Unit(net, $"conv{stage + 1}", Halve(net, $"pool{stage}", x), 32 * stage);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("", x)), 10);
    }

    private static Feature Halve(NetworkBuilder net, string module, Feature x)
    {
        var corners = new[] { (0, 0), (1, 0), (0, 1), (1, 1) }.Select(c => net.Subsample(module, x, c.Item1, c.Item2)).ToArray();
        var low = net.Add(module, net.Add(module, corners[0], corners[1]), net.Add(module, corners[2], corners[3]));
        return net.Concat(module, low, net.MaxPool(module, x, 2, 2));
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels) =>
        net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, 3)));
}
