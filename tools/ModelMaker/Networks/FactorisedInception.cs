using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// Small networks after Inception v3 and v4: 7x7 convolutions as 1x7 and 7x1, 3x3 as parallel 1x3 and 3x1, padded average pools, and
/// reductions that join a strided convolution with a pool.
/// </summary>
public static class FactorisedInception
{
    /// <summary>One module of each of v3's kinds.</summary>
    public static Feature BuildV3(NetworkBuilder net)
    {
        var x = Stem(net);
        x = Reduction(net, "Mixed_6a", Rows(net, "Mixed_5b", x), 48);
        x = Reduction(net, "Mixed_7a", Factorised(net, "Mixed_6b", x, 24, twice: true), 48);
        return Classify(net, Parallel(net, "Mixed_7b", x, twice: false));
    }

    /// <summary>The stem of v4 joins branches already; its last modules split a branch twice.</summary>
    public static Feature BuildV4(NetworkBuilder net)
    {
        var x = Stem(net);
        x = net.Concat("stem.join", Unit(net, "stem.a", x, 24, Window.Same(3, 3, 2)), net.MaxPool("stem.pool", x, 3, 2, 1));
        var left = Unit(net, "stem.left.1", Unit(net, "stem.left.0", x, 16, new Window(1)), 24, Window.Same(3, 3));
        var right = Unit(net, "stem.right.0", x, 16, new Window(1));
        right = Unit(net, "stem.right.2", Unit(net, "stem.right.1", right, 16, Window.Same(7, 1)), 16, Window.Same(1, 7));
        x = net.Concat("stem.out", left, Unit(net, "stem.right.3", right, 24, Window.Same(3, 3)));
        x = Reduction(net, "reduction_b", Factorised(net, "inception_b", x, 24, twice: false), 32);
        return Classify(net, Parallel(net, "inception_c", x, twice: true));
    }

    private static Feature Stem(NetworkBuilder net)
    {
        var x = Unit(net, "Conv2d_1a_3x3", net.Input(3, 32), 16, Window.Same(3, 3));
        return Unit(net, "Conv2d_2b_3x3", x, 32, Window.Same(3, 3));
    }

    private static Feature Rows(NetworkBuilder net, string module, Feature x)
    {
        var five = Unit(net, $"{module}.branch5x5_2", Unit(net, $"{module}.branch5x5_1", x, 16, new Window(1)), 24, Window.Same(5, 5));
        var three =
            Unit(net, $"{module}.branch3x3dbl_2", Unit(net, $"{module}.branch3x3dbl_1", x, 16, new Window(1)), 24, Window.Same(3, 3));
        three = Unit(net, $"{module}.branch3x3dbl_3", three, 24, Window.Same(3, 3));
        return net.Concat(module, Unit(net, $"{module}.branch1x1", x, 16, new Window(1)), five, three, Pooled(net, module, x, 16));
    }

    private static Feature Factorised(NetworkBuilder net, string module, Feature x, int width, bool twice)
    {
        var seven =
            Unit(net, $"{module}.branch7x7_2", Unit(net, $"{module}.branch7x7_1", x, width, new Window(1)), width, Window.Same(1, 7));
        seven = Unit(net, $"{module}.branch7x7_3", seven, 2 * width, Window.Same(7, 1));
        List<Feature> branches = [Unit(net, $"{module}.branch1x1", x, 2 * width, new Window(1)), seven];
        if (twice)
        {
            var name = $"{module}.branch7x7dbl";
            var longest = Unit(net, $"{name}_2", Unit(net, $"{name}_1", x, width, new Window(1)), width, Window.Same(7, 1));
            longest = Unit(net, $"{name}_4", Unit(net, $"{name}_3", longest, width, Window.Same(1, 7)), width, Window.Same(7, 1));
            branches.Add(Unit(net, $"{name}_5", longest, 2 * width, Window.Same(1, 7)));
        }

        return net.Concat(module, [.. branches, Pooled(net, module, x, 2 * width)]);
    }

    private static Feature Parallel(NetworkBuilder net, string module, Feature x, bool twice)
    {
        var stem = Unit(net, $"{module}.branch3x3_1", x, 32, new Window(1));
        var deep = Unit(net, $"{module}.branch3x3dbl_1", x, 32, new Window(1));
        deep = twice
            ? Unit(net, $"{module}.branch3x3dbl_2b", Unit(
                net, $"{module}.branch3x3dbl_2a", deep, 40, Window.Same(3, 1)), 48, Window.Same(1, 3))
            : Unit(net, $"{module}.branch3x3dbl_2", deep, 48, Window.Same(3, 3));
        return net.Concat(
            module,
            Unit(net, $"{module}.branch1x1", x, 32, new Window(1)),
            net.Concat(
                $"{module}.fork",
                Unit(net, $"{module}.branch3x3_2a", stem, 24, Window.Same(1, 3)),
                Unit(net, $"{module}.branch3x3_2b", stem, 24, Window.Same(3, 1))),
            net.Concat(
                $"{module}.dblfork",
                Unit(net, $"{module}.branch3x3dbl_3a", deep, 24, Window.Same(1, 3)),
                Unit(net, $"{module}.branch3x3dbl_3b", deep, 24, Window.Same(3, 1))),
            Pooled(net, module, x, 32));
    }

    private static Feature Reduction(NetworkBuilder net, string module, Feature x, int width)
    {
        var deep = Unit(
            net, $"{module}.branch3x3dbl_2", Unit(net, $"{module}.branch3x3dbl_1", x, width / 2, new Window(1)), width, Window.Same(3, 3));
        return net.Concat(
            module,
            Unit(net, $"{module}.branch3x3", x, width, Window.Same(3, 3, 2)),
            Unit(net, $"{module}.branch3x3dbl_3", deep, width, Window.Same(3, 3, 2)),
            net.MaxPool($"{module}.branch_pool", x, 3, 2, 1));
    }

    private static Feature Pooled(NetworkBuilder net, string module, Feature x, int channels) =>
        Unit(net, $"{module}.branch_pool", net.AveragePool(module, x, 3, 1, 1), channels, new Window(1));

    private static Feature Unit(NetworkBuilder net, string module, Feature x, int channels, Window window) =>
        net.Relu(module, net.BatchNorm($"{module}.bn", net.Conv($"{module}.conv", x, channels, window)));

    private static Feature Classify(NetworkBuilder net, Feature x) =>
        net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
}
