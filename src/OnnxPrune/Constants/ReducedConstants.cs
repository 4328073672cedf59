using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// Sums over axes of constants, and what rests on them: reductions, normalizations and matrix products. Sums are made in double precision.
/// </summary>
internal static class ReducedConstants
{
    // About two seconds of multiplications.
    private const double MostProducts = 1L << 30;

    private static readonly Dictionary<string, Reduction> s_reductions = new()
    {
        ["ReduceSum"] = new(0, (sum, x) => sum + x, (sum, _) => sum),
        ["ReduceMean"] = new(0, (sum, x) => sum + x, (sum, n) => sum / n),
        ["ReduceL1"] = new(0, (sum, x) => sum + Math.Abs(x), (sum, _) => sum),
        ["ReduceL2"] = new(0, (sum, x) => sum + (x * x), (sum, _) => Math.Sqrt(sum)),
        ["ReduceSumSquare"] = new(0, (sum, x) => sum + (x * x), (sum, _) => sum),
        ["ReduceLogSum"] = new(0, (sum, x) => sum + x, (sum, _) => Math.Log(sum)),
        ["ReduceMax"] = new(double.NegativeInfinity, Math.Max, (most, _) => most),
        ["ReduceMin"] = new(double.PositiveInfinity, Math.Min, (least, _) => least),
        ["ReduceProd"] = new(1, (product, x) => product * x, (product, _) => product),
    };

    public static bool IsReduction(string op) => s_reductions.ContainsKey(op);

    /// <param name="axes">Null for all of them.</param>
    /// <returns>Null for what is not evaluated: an axis that is not there, numbers that doubles do not hold, sums over nothing.</returns>
    public static Tensor? Reduce(string op, Tensor x, long[]? axes, bool keepsDims)
    {
        var isInteger = x.ElementType is ElementType.Int64 or ElementType.Int32;
        if ((!x.ElementType.IsFloatingPoint() && !(isInteger && op is "ReduceSum" or "ReduceProd" or "ReduceMax" or "ReduceMin"))
            || x.Count == 0
            || AxesOf(x, axes) is not { } reduced)
        {
            return null;
        }

        var (start, add, finish) = s_reductions[op];
        long[] kept = [.. x.Dims.Select((d, axis) => reduced[axis] ? 1 : d)];
        var strides = Tensor.RowMajorStrides(kept);
        var result = new double[Tensor.ElementCount(kept)];
        Array.Fill(result, start);
        var values = x.ToDoubles();
        var index = new long[x.Rank];
        var to = 0L;
        foreach (var value in values)
        {
            result[to] = add(result[to], value);
            for (var axis = x.Rank - 1; axis >= 0; axis--)
            {
                var step = reduced[axis] ? 0 : strides[axis];
                to += step;
                if (++index[axis] < x.Dims[axis])
                {
                    break;
                }

                to -= step * x.Dims[axis];
                index[axis] = 0;
            }
        }

        var count = values.Length / result.Length;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = finish(result[i], count);
        }

        if (isInteger && Array.Exists(result, v => Math.Abs(v) >= 1L << (x.ElementType == ElementType.Int64 ? 53 : 31)))
        {
            return null;
        }

        return x.WithValues(result, kept).Reshape(kept.Where((_, axis) => keepsDims || !reduced[axis]));
    }

    /// <summary>(x − mean) / sqrt(variance + epsilon), both over these axes.</summary>
    public static Tensor? Standardize(Tensor x, long[] axes, double epsilon)
    {
        if (Reduce("ReduceMean", x, axes, keepsDims: true) is not { } mean
            || ElementwiseConstants.Binary("Sub", x, mean) is not { } centred)
        {
            return null;
        }

        var variance = Reduce("ReduceMean", ElementwiseConstants.Binary("Mul", centred, centred)!, axes, keepsDims: true)!;
        var deviation = variance.WithValues(Array.ConvertAll(variance.ToDoubles(), v => Math.Sqrt(v + epsilon)), [.. variance.Dims]);
        return ElementwiseConstants.Binary("Div", centred, deviation);
    }

    /// <summary>x · scale + shift, where both lie along one axis of x.</summary>
    public static Tensor? Scale(Tensor? x, Tensor scale, Tensor shift, int axis)
    {
        if (x is null || Along(scale, x.Rank, axis) is not { } factor || Along(shift, x.Rank, axis) is not { } addend)
        {
            return null;
        }

        return ElementwiseConstants.Binary("Mul", x, factor) is { } scaled ? ElementwiseConstants.Binary("Add", scaled, addend) : null;
    }

    /// <summary>[M, K] · [K, N], where either may be a vector.</summary>
    /// <returns>Null for other ranks and types, and for what would take too long.</returns>
    public static Tensor? MatMul(Tensor a, Tensor b)
    {
        if (a.Rank is not (1 or 2) || b.Rank is not (1 or 2) || a.ElementType != b.ElementType || !a.ElementType.IsFloatingPoint())
        {
            return null;
        }

        var (rows, inner, columns) = (a.Rank == 1 ? 1 : a.Dims[0], a.Dims[^1], b.Rank == 1 ? 1 : b.Dims[1]);
        if (b.Dims[0] != inner || (double)rows * inner * columns > MostProducts)
        {
            return null;
        }

        var (x, y) = (a.ToDoubles(), b.ToDoubles());
        var result = new double[rows * columns];
        for (var m = 0; m < rows; m++)
        {
            for (var k = 0; k < inner; k++)
            {
                var factor = x[(m * inner) + k];
                for (var n = 0; n < columns; n++)
                {
                    result[(m * columns) + n] += factor * y[(k * columns) + n];
                }
            }
        }

        var product = a.WithValues(result, rows, columns);
        return product.Reshape([.. a.Rank == 2 ? [rows] : Array.Empty<long>(), .. b.Rank == 2 ? [columns] : Array.Empty<long>()]);
    }

    private static Tensor? Along(Tensor list, int rank, int axis) =>
        list.Rank == 1 && axis < rank ? list.Reshape([list.Count, .. Enumerable.Repeat(1L, rank - 1 - axis)]) : null;

    private static bool[]? AxesOf(Tensor x, long[]? axes)
    {
        if (axes is null)
        {
            return [.. Enumerable.Repeat(true, x.Rank)];
        }

        var reduced = new bool[x.Rank];
        foreach (var axis in axes)
        {
            if (axis < -x.Rank || axis >= x.Rank)
            {
                return null;
            }

            reduced[axis < 0 ? axis + x.Rank : axis] = true;
        }

        return reduced;
    }

    /// <summary>
    /// An operator as a fold over the elements, and the last step from the fold and the number of elements to the result.
    /// </summary>
    private sealed record Reduction(double Start, Func<double, double, double> Add, Func<double, long, double> Finish);
}
