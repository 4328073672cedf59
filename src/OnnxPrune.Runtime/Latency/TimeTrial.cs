namespace OnnxPrune.Runtime.Latency;

/// <summary>The share of the time left by targets that a network uses, by one race or more.</summary>
/// <param name="Used">The median of the races, of an even number the lower one: at most 1 where the targets are kept.</param>
/// <param name="Low">The least that a race said.</param>
/// <param name="High">The most that one said.</param>
/// <param name="Races">How many there were.</param>
/// <param name="Quietest">The race that said the least: what can be reached at best.</param>
/// <param name="Typical">The race that said <paramref name="Used"/>.</param>
/// <param name="Kept">Of the races that stay below the border, the one that flatters the least; null where none does.</param>
internal sealed record TimeTrial(
    double Used, double Low, double High, int Races, LatencyReport Quietest, LatencyReport Typical, LatencyReport? Kept)
{
    /// <summary>Races until it is clear on which side of a border the network lies.</summary>
    /// <param name="border">How much of the time it may use.</param>
    /// <param name="margins">After so many races as there are numbers before it, the factor that all of them must lie beyond the border by,
    /// on one side of it; where the numbers end, it stays unclear.</param>
    /// <param name="race">Runs one race.</param>
    /// <param name="used">What a race says.</param>
    public static TimeTrial Of(double border, ReadOnlySpan<double> margins, Func<LatencyReport> race, Func<LatencyReport, double> used)
    {
        var races = new List<(double Used, LatencyReport Race)>();
        foreach (var margin in margins)
        {
            var report = race();
            races.Add((used(report), report));
            if (races.TrueForAll(r => r.Used > border * margin) || races.TrueForAll(r => r.Used <= border / margin))
            {
                break;
            }
        }

        races.Sort((a, b) => a.Used.CompareTo(b.Used));
        var (middle, typical) = races[(races.Count - 1) / 2];
        return new TimeTrial(
            middle, races[0].Used, races[^1].Used, races.Count, races[0].Race, typical, races.LastOrDefault(r => r.Used <= border).Race);
    }
}
