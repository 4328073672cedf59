namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], Y [N, C, H/2, W/2]: every second row and column, from the given ones on.</summary>
    public Feature Subsample(string module, Feature x, int row = 0, int column = 0) =>
        EverySecond(module, EverySecond(module, x, 2, row), 3, column);

    // x[..., start::2] along one spatial axis, with the exporter's four constants in its order.
    private Feature EverySecond(string module, Feature x, int axis, int start)
    {
        var axes = Constant(module, axis);
        var starts = Constant(module, start);
        var ends = Constant(module, long.MaxValue);
        var steps = Constant(module, 2);
        var (rows, columns) = axis == 2 ? (2, 1) : (1, 2);
        var (firstRow, firstColumn) = axis == 2 ? (start, 0) : (0, start);
        int[] dims = [x.Channels, (x.Height - firstRow + rows - 1) / rows, (x.Width - firstColumn + columns - 1) / columns];
        var (height, width) = ((x.Sample.Height - firstRow + rows - 1) / rows, (x.Sample.Width - firstColumn + columns - 1) / columns);
        var sample = SampleOps.Gather(x.Sample, x.Channels, height, width, (c, y, at) =>
            (c, firstRow + y * rows, firstColumn + at * columns));
        return Emit(module, "Slice", [x.Name, starts, ends, axes, steps], dims, sample);
    }
}
