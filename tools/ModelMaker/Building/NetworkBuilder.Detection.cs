namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    private const int RegionSize = 4;
    private const int MostRegions = 8;

    /// <summary>X [N, C], Y [N, C, side, side]: every number is repeated over a map.</summary>
    public Feature Spread(string module, Feature x, int side)
    {
        var axes = Constant(module, 2, 3);
        var map = options.Opset >= 13
            ? EmitNode(module, "Unsqueeze", [x.Name, axes])
            : EmitNode(module, "Unsqueeze", [x.Name], Attributes.Ints("axes", 2, 3));
        var sample = SampleOps.Gather(x.Sample, x.Channels, side, side, (c, _, _) => (c, 0, 0));
        return Emit(module, "Expand", [map, Constant(module, 1, 1, side, side)], [x.Channels, side, side], sample);
    }

    /// <summary>Maps [N, C, Hᵢ, Wᵢ], Y [N, ΣHᵢ·Wᵢ, C].</summary>
    public Feature JoinPositions(string module, IReadOnlyList<Feature> maps)
    {
        var channels = maps[0].Channels;
        var lengths = maps.Select(m => m.Sample.Height * m.Sample.Width).ToArray();
        var sample = new Sample(channels, lengths.Sum(), 1);
        for (var (level, start) = (0, 0); level < maps.Count; start += lengths[level++])
            for (var c = 0; c < channels; c++)
                maps[level].Sample.Channel(c).CopyTo(sample.Channel(c)[(start * Sample.Lanes)..]);
        var flat = maps.Select(m => EmitNode(module, "Reshape", [m.Name, Constant(module, 0, channels, -1)])).ToArray();
        var joined = EmitNode(module, "Concat", flat, Attributes.Int("axis", 2));
        int[] dims = [channels, maps.Sum(m => m.Height * m.Width)];
        return Known(
            new(EmitNode(module, "Transpose", [joined], Attributes.Ints("perm", 0, 2, 1)), dims, sample) { IsChannelsLast = true });
    }

    /// <summary>
    /// Map [1, C, H, W], objectness [1, 1, H, W], boxes [1, 4, H, W]; Y [R, classes] for the first image's R best regions. How many
    /// there are depends on the data: the sample of Y says nothing.
    /// </summary>
    public Feature Regions(string module, Feature map, Feature objectness, Feature boxes, int hidden, int classes)
    {
        var best = EmitNode(
            module, "TopK", [EmitNode(module, "Reshape", [objectness.Name, Constant(module, -1)]), Constant(module, 2 * MostRegions)]);
        var places = best[..^1] + "1";
        graph.Node[^1].Output.Add(places);
        var all = EmitNode(
            module, "Transpose", [EmitNode(module, "Reshape", [boxes.Name, Constant(module, 4, -1)])], Attributes.Ints("perm", 1, 0));
        var candidates = EmitNode(module, "Gather", [all, places], Attributes.Int("axis", 0));
        string[] operands =
        [
            EmitNode(module, "Reshape", [candidates, Constant(module, 1, -1, 4)]),
            EmitNode(module, "Reshape", [best, Constant(module, 1, 1, -1)]),
            Constant(module, MostRegions),
            Constant(module, 0.7f),
        ];
        var kept = EmitNode(module, "NonMaxSuppression", operands);
        var rows = EmitNode(module, "Gather", [kept, ScalarConstant(module, 2L)], Attributes.Int("axis", 1));
        var regions = EmitNode(module, "Gather", [candidates, rows], Attributes.Int("axis", 0));
        var images = EmitNode(module, "Gather", [kept, ScalarConstant(module, 0L)], Attributes.Int("axis", 1));
        var aligned = EmitNode(module, "RoiAlign", [map.Name, regions, images], Attributes.Int("output_height", RegionSize),
            Attributes.Int("output_width", RegionSize), Attributes.Int("sampling_ratio", 2));
        var sample = SampleOps.Gather(map.Sample, map.Channels, RegionSize, RegionSize, (c, y, x) => (c, y, x));
        var x = Flatten(module, new Feature(aligned, [map.Channels, RegionSize, RegionSize], sample));
        return Gemm($"{module}.box_predictor", Relu($"{module}.relu", Gemm($"{module}.box_head.fc6", x, hidden, 1)), classes);
    }
}
