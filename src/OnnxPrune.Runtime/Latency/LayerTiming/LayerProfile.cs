namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>A layer of an original, and what it takes in two models.</summary>
/// <param name="Name">The name that plans use.</param>
/// <param name="OtherMacs">0 where the other model lacks the layer.</param>
/// <param name="OriginalMilliseconds">Null where the runtime made one operator of it and others.</param>
/// <param name="OtherMilliseconds">Null in that case, too, and 0 where the other model lacks the layer.</param>
internal sealed record LayerTime(
    string Name, string Operator, long OriginalMacs, long OtherMacs, double? OriginalMilliseconds, double? OtherMilliseconds);

/// <summary>The times of two models' layers within whole runs.</summary>
/// <param name="Layers">Those of the original that have weights, in the network's order; none where they could not be timed.</param>
/// <param name="OriginalRest">Milliseconds of all other operators of the original.</param>
/// <param name="Runs">The number of runs of each model.</param>
/// <param name="WhyNone">The reason, as a sentence, where layers could not be timed; else null.</param>
internal sealed record LayerProfile(
    IReadOnlyList<LayerTime> Layers, double OriginalRest, double OtherRest, int Runs, string? WhyNone = null)
{
    public static LayerProfile Without(string why) => new([], 0, 0, 0, why);
}
