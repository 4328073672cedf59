namespace OnnxPrune.Importance;

/// <summary>The criteria by name.</summary>
internal static class Criteria
{
    public static IReadOnlyList<string> Names { get; } = ["scaled-norm", "bn-scale", "l1", "l2", "geometric-median", "random"];

    /// <exception cref="UsageException">There is no criterion of that name.</exception>
    public static Criterion Named(string name, int seed) => name switch
    {
        "scaled-norm" => new ScaledNorm(),
        "bn-scale" => new BnScale(),
        "l1" => new FilterNorm(1),
        "l2" => new FilterNorm(2),
        "geometric-median" => new GeometricMedian(),
        "random" => new RandomScore(seed),
        _ => throw new UsageException($"There is no criterion '{name}'; choose one of {string.Join(", ", Names)}."),
    };
}
