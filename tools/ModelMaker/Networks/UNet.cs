using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small U-Net: two levels down, transposed convolutions up, skips by Concat; the output is a map of two classes.</summary>
public static class UNet
{
    /// <summary>Builds up to the map, [N, 2, H, W].</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var top = Double(net, "inc", net.Input(3, 32), 16);
        var middle = Double(net, "down1", net.MaxPool("down1.pool", top, 2, 2), 32);
        var x = Double(net, "down2", net.MaxPool("down2.pool", middle, 2, 2), 64);
        x = Double(net, "up1", net.Concat("up1", middle, net.UpConv("up1.up", x, 32)), 32);
        x = Double(net, "up2", net.Concat("up2", top, net.UpConv("up2.up", x, 16)), 16);
        return net.Conv("outc.conv", x, 2, 1, bias: true);
    }

    private static Feature Double(NetworkBuilder net, string module, Feature x, int channels)
    {
        for (var i = 0; i < 6; i += 3)
        {
            x = net.BatchNorm($"{module}.double_conv.{i + 1}", net.Conv($"{module}.double_conv.{i}", x, channels, 3));
            x = net.Relu($"{module}.double_conv.{i + 2}", x);
        }

        return x;
    }
}
