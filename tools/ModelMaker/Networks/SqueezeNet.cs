using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small SqueezeNet: fire modules (squeeze 1x1; expand 1x1 beside 3x3), no normalization, a convolution as classifier.</summary>
public static class SqueezeNet
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.Relu("features.1", net.Conv("features.0", net.Input(3, 32), 32, 3, bias: true));
        x = Fire(net, "features.3", net.MaxPool("features.2", x, 3, 2, 1), 16, 32);
        x = Fire(net, "features.4", x, 16, 32);
        x = Fire(net, "features.6", net.MaxPool("features.5", x, 3, 2, 1), 24, 48);
        x = net.Conv("classifier.1", Fire(net, "features.7", x, 24, 64), 10, 1, bias: true);
        return net.Flatten("", net.GlobalAveragePool("classifier.3", net.Relu("classifier.2", x)));
    }

    private static Feature Fire(NetworkBuilder net, string module, Feature x, int narrow, int wide)
    {
        x = net.Relu($"{module}.squeeze_activation", net.Conv($"{module}.squeeze", x, narrow, 1, bias: true));
        var one = net.Relu($"{module}.expand1x1_activation", net.Conv($"{module}.expand1x1", x, wide, 1, bias: true));
        return net.Concat(module, one, net.Relu($"{module}.expand3x3_activation", net.Conv($"{module}.expand3x3", x, wide, 3, bias: true)));
    }
}
