using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>Small networks that label every pixel of [N, 3, H, W]: FCN and DeepLab v3, over dilated residual backbones.</summary>
public static class Segmentation
{
    private const int Classes = 5;

    /// <summary>FCN: a head on the backbone's output, interpolated to the input's size, and an auxiliary one.</summary>
    public static Feature BuildFcn(NetworkBuilder net)
    {
        var (middle, deep) = Backbone(net);
        net.AddOutput(net.Interpolate("aux_out", Head(net, "aux_classifier", middle, 16), 4), "aux");
        return net.Interpolate("out", Head(net, "classifier", deep, 24), 4);
    }

    /// <summary>DeepLab v3: atrous spatial pyramid pooling, whose last branch is the pooled map spread over all positions.</summary>
    public static Feature BuildDeepLab(NetworkBuilder net)
    {
        var (_, x) = Backbone(net);
        List<Feature> branches = [Unit(net, "classifier.0.convs.0", x, 24, new Window(1))];
        foreach (var (rate, branch) in ((int, int)[])[(2, 1), (3, 2)])
            branches.Add(Unit(net, $"classifier.0.convs.{branch}", x, 24, Window.Same(3, 3, 1, rate)));
        var pooled = Unit(net, "classifier.0.convs.3", net.GlobalAveragePool("classifier.0.convs.3.0", x), 24, new Window(1));
        branches.Add(net.Interpolate("classifier.0.convs.3", pooled, x.Height));
        x = Unit(net, "classifier.0.project", net.Concat("classifier.0", branches), 24, new Window(1));
        x = Unit(net, "classifier.1", x, 24, Window.Same(3, 3));
        return net.Interpolate("out", net.Conv("classifier.4", x, Classes, 1, bias: true), 4);
    }

    private static (Feature Middle, Feature Deep) Backbone(NetworkBuilder net)
    {
        var x = Unit(net, "backbone.conv1", net.Input(3, 32), 16, Window.Same(3, 3, 2));
        x = Block(net, "backbone.layer1", x, 24, Window.Same(3, 3));
        var middle = Block(net, "backbone.layer2", x, 32, Window.Same(3, 3, 2));
        return (middle, Block(net, "backbone.layer3", middle, 48, Window.Same(3, 3, 1, 2)));
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels, Window window)
    {
        var branch = Unit(net, $"{module}.0", x, channels / 2, window);
        branch = net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", branch, channels, 3), 0.7);
        var shortcut = net.BatchNorm($"{module}.downsample.1", net.Conv($"{module}.downsample.0", x, channels, 1, window.Stride));
        return net.Relu($"{module}.relu", net.Add(module, branch, shortcut));
    }

    private static Feature Head(NetworkBuilder net, string module, Feature x, int width) =>
        net.Conv($"{module}.4", Unit(net, $"{module}.0", x, width, Window.Same(3, 3)), Classes, 1, bias: true);

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, Window window) =>
        net.Relu($"{module}.2", net.BatchNorm($"{module}.1", net.Conv($"{module}.0", x, channels, window)));
}
