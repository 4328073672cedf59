using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small residual network with GroupNormalization: whole groups can leave.</summary>
public static class GroupNormNet
{
    private const int GroupWidth = 4;

    /// <summary>Builds up to the logits; opset 21 at least.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = Unit(net, "conv1", net.Input(3, 32), 16, 1);
        foreach (var (stage, channels) in ((int, int)[])[(1, 32), (2, 64)])
        {
            var branch = Unit(net, $"layer{stage}.1", Unit(net, $"layer{stage}.0", x, channels, 2), channels, 1);
            x = net.Add($"layer{stage}", branch, Unit(net, $"layer{stage}.downsample", x, channels, 2));
        }

        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int stride) =>
        net.Relu(
            $"{module}.relu", net.GroupNorm($"{module}.gn", net.Conv($"{module}.conv", x, channels, 3, stride), channels / GroupWidth));
}
