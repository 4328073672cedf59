using OnnxPrune.Importance;
using OnnxPrune.Planning;

namespace Fuzzing.Targets;

/// <summary>Any request that the command line can make.</summary>
internal static class RandomRequest
{
    public static PruneRequest Of(Random random)
    {
        var criterion = random.Next(3) == 0 ? null : Criteria.Named(Criteria.Names[random.Next(Criteria.Names.Count)], random.Next(100));
        var multiple = random.Next(1, 9);
        return new PruneRequest
        {
            Targets = random.Next(5) == 0 ? [] : [Target(random)],
            Criterion = criterion,
            Rounding = random.Next(3) switch { 0 => new Rounding(1), 1 => Rounding.Automatic(multiple), _ => Rounding.Measured(multiple) },
            CutsBlocks = random.Next(2) == 0,
            CutsChannels = random.Next(8) != 0,
            RanksGlobally = random.Next(4) == 0,
            AbsorbMeans = random.Next(2) == 0,
        };
    }

    private static Target Target(Random random) => new((TargetKind)random.Next(3), 0.4 + (0.6 * random.NextDouble()), null);
}
