using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small MobileNetV1: depthwise 3x3 and pointwise convolutions in turn, Clip to [0, 6].</summary>
public static class MobileNetV1
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "model.0", net.Input(3, 32), 16, 3, 1, 1);
        (int Channels, int Stride)[] layers = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1)];
        for (var i = 0; i < layers.Length; i++)
        {
            x = Unit(net, $"model.{i + 1}.depthwise", x, x.Channels, 3, layers[i].Stride, x.Channels);
            x = Unit(net, $"model.{i + 1}.pointwise", x, layers[i].Channels, 1, 1, 1);
        }

        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int kernel, int stride, int groups) =>
        net.Relu6($"{module}.2", net.BatchNorm($"{module}.1", net.Conv($"{module}.0", x, channels, kernel, stride, groups: groups)));
}
