using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small feature pyramid over a residual backbone: lateral 1x1 convolutions, upsampled sums, 3x3 smoothing.</summary>
public static class FeaturePyramid
{
    private const int Width = 32;

    /// <summary>A head that is shared between the levels (RetinaNet's) on each of three, whose maps are outputs.</summary>
    public static Feature BuildHeads(NetworkBuilder net)
    {
        var levels = Levels(net);
        var logits = levels.Select((level, i) => Head(net, $"head.classification.{i}", level, 9)).ToArray();
        for (var i = 0; i < levels.Length; i++)
            net.AddOutput(Head(net, $"head.regression.{i}", levels[i], 4), $"boxes{i}");
        for (var i = 1; i < levels.Length; i++)
            net.AddOutput(logits[i], $"logits{i}");
        return logits[0];
    }

    /// <summary>A Faster R-CNN: proposals of the finest level by TopK and NonMaxSuppression, RoiAlign, and a perceptron on each.</summary>
    public static Feature BuildTwoStages(NetworkBuilder net)
    {
        var finest = Levels(net)[0];
        var x = net.Relu("rpn.head.relu", net.Conv("rpn.head.conv.0.0", finest, Width, 3, bias: true));
        var objectness = net.Conv("rpn.head.cls_logits", x, 1, 1, bias: true);
        var boxes = net.Conv("rpn.head.bbox_pred", x, 4, 1, bias: true);
        return net.Regions("roi_heads", finest, objectness, boxes, hidden: 48, classes: 5);
    }

    private static Feature[] Levels(NetworkBuilder net)
    {
        var x = net.Relu(
            "backbone.body.relu", net.BatchNorm("backbone.body.bn1", net.Conv("backbone.body.conv1", net.Input(3, 64), 16, 3, 2)));
        List<Feature> maps = [];
        foreach (var channels in (int[])[24, 32, 48])
            maps.Add(x = Block(net, $"backbone.body.layer{maps.Count + 1}", x, channels));

        var inner = maps.Select((map, i) => net.Conv($"backbone.fpn.inner_blocks.{i}.0", map, Width, 1, bias: true)).ToArray();
        for (var i = inner.Length - 2; i >= 0; i--)
            inner[i] = net.Add("backbone.fpn", inner[i], net.Upsample("backbone.fpn", inner[i + 1], 2));
        return [.. inner.Select((map, i) => net.Conv($"backbone.fpn.layer_blocks.{i}.0", map, Width, 3, bias: true))];
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int channels)
    {
        var branch = net.Relu($"{module}.relu", net.BatchNorm($"{module}.bn1", net.Conv($"{module}.conv1", x, channels, 3, 2)));
        branch = net.BatchNorm($"{module}.bn2", net.Conv($"{module}.conv2", branch, channels, 3), 0.7);
        var shortcut = net.BatchNorm($"{module}.downsample.1", net.Conv($"{module}.downsample.0", x, channels, 1, 2));
        return net.Relu($"{module}.relu", net.Add(module, branch, shortcut));
    }

    private static Feature Head(NetworkBuilder net, string module, Feature x, int outputs) =>
        net.Conv(
            $"{module}.out", net.Relu($"{module}.relu", net.Conv($"{module}.conv.0", x, Width, 3, bias: true)), outputs, 3, bias: true);
}
