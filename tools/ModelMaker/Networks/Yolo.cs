using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// A small detector of YOLO's kind: focus slices, cross-stage partial blocks, spatial pyramid pooling, a neck that goes up and down,
/// three heads of their own outputs, and a decoded output of all of them.
/// </summary>
public static class Yolo
{
    private const int PerPosition = 4 + 1 + 3; // box, objectness, classes

    /// <summary>Builds up to the decoded boxes, [N, positions, 8].</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var image = net.Input(3, 64);
        var x = net.Concat("backbone.stem", net.Subsample("backbone.stem", image), net.Subsample("backbone.stem", image, 1),
            net.Subsample("backbone.stem", image, 0, 1), net.Subsample("backbone.stem", image, 1, 1));
        x = Unit(net, "backbone.stem.conv", x, 16, 3);
        var large = Partial(net, "backbone.dark3.1", Unit(net, "backbone.dark3.0", x, 32, 3, 2), 32);
        var middle = Partial(net, "backbone.dark4.1", Unit(net, "backbone.dark4.0", large, 48, 3, 2), 48);
        var small = Pyramid(net, "backbone.dark5.1", Unit(net, "backbone.dark5.0", middle, 64, 3, 2));

        var lateral = Unit(net, "neck.lateral_conv0", small, 48, 1);
        var up = Partial(net, "neck.C3_p4", net.Concat("neck.p4", net.Upsample("neck.upsample0", lateral, 2), middle), 48);
        var reduced = Unit(net, "neck.reduce_conv1", up, 32, 1);
        var fine = Partial(net, "neck.C3_p3", net.Concat("neck.p3", net.Upsample("neck.upsample1", reduced, 2), large), 32);
        var medium = Partial(net, "neck.C3_n3", net.Concat("neck.n3", Unit(net, "neck.bu_conv2", fine, 32, 3, 2), reduced), 48);
        var coarse = Partial(net, "neck.C3_n4", net.Concat("neck.n4", Unit(net, "neck.bu_conv1", medium, 48, 3, 2), lateral), 64);
        return net.JoinPositions("head", [Head(net, 0, fine), Head(net, 1, medium), Head(net, 2, coarse)]);
    }

    private static Feature Head(NetworkBuilder net, int level, Feature x)
    {
        x = Unit(net, $"head.stems.{level}", x, 32, 1);
        var classes = Unit(net, $"head.cls_convs.{level}.0", x, 32, 3);
        var boxes = Unit(net, $"head.reg_convs.{level}.0", x, 32, 3);
        var found = net.Concat($"head.{level}", net.Conv($"head.reg_preds.{level}", boxes, 4, 1, bias: true),
            net.Sigmoid($"head.obj_{level}", net.Conv($"head.obj_preds.{level}", boxes, 1, 1, bias: true)),
            net.Sigmoid($"head.cls_{level}", net.Conv($"head.cls_preds.{level}", classes, PerPosition - 5, 1, bias: true)));
        net.AddOutput(found, $"level{level}");
        return found;
    }

    private static Feature Partial(NetworkBuilder net, string module, Feature x, int channels)
    {
        var deep = Unit(net, $"{module}.conv1", x, channels / 2, 1);
        var branch = Unit(net, $"{module}.m.0.conv2", Unit(net, $"{module}.m.0.conv1", deep, channels / 2, 1), channels / 2, 3);
        var shallow = Unit(net, $"{module}.conv2", x, channels / 2, 1);
        return Unit(net, $"{module}.conv3", net.Concat(module, net.Add($"{module}.m.0", branch, deep), shallow), channels, 1);
    }

    private static Feature Pyramid(NetworkBuilder net, string module, Feature x)
    {
        var narrow = Unit(net, $"{module}.conv1", x, x.Channels / 2, 1);
        var pools = new[] { 3, 5, 7 }.Select(kernel => net.MaxPool($"{module}.m.{kernel}", narrow, kernel, 1, kernel / 2));
        return Unit(net, $"{module}.conv2", net.Concat(module, [narrow, .. pools]), x.Channels, 1);
    }

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, int kernel, int stride = 1) =>
        net.Silu($"{module}.act", net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, kernel, stride)));
}
