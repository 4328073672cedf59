using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// A small RegNetY: bottlenecks without expansion, groups of 8 channels, squeeze-and-excitation between the 3x3 and the last 1x1.
/// </summary>
public static class RegNet
{
    private const int GroupWidth = 8;

    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.Relu("stem.2", net.BatchNorm("stem.1", net.Conv("stem.0", net.Input(3, 32), 16, 3)));
        (int Width, int Depth)[] stages = [(24, 1), (48, 2), (96, 2)];
        for (var stage = 0; stage < stages.Length; stage++)
            for (var block = 0; block < stages[stage].Depth; block++)
                x = Block(net, $"trunk_output.block{stage + 1}.{block}", x, stages[stage].Width, block == 0 ? 2 : 1);
        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }

    private static Feature Block(NetworkBuilder net, string module, Feature x, int width, int stride)
    {
        var branch = net.Relu($"{module}.f.a.2", net.BatchNorm($"{module}.f.a.1", net.Conv($"{module}.f.a.0", x, width, 1)));
        branch = net.BatchNorm($"{module}.f.b.1", net.Conv($"{module}.f.b.0", branch, width, 3, stride, groups: width / GroupWidth));
        branch = Excitation.Relu(net, $"{module}.f.se", net.Relu($"{module}.f.b.2", branch), x.Channels / 4);
        branch = net.BatchNorm($"{module}.f.c.1", net.Conv($"{module}.f.c.0", branch, width, 1), 0.7);
        var shortcut = stride == 1 && x.Channels == width
            ? x
            : net.BatchNorm($"{module}.proj.1", net.Conv($"{module}.proj.0", x, width, 1, stride));
        return net.Relu($"{module}.activation", net.Add(module, shortcut, branch));
    }
}
