using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Latency;

/// <summary>
/// Races that are run again where they were disturbed: by other programs, or so that their rounds disagree. What else a machine does
/// comes and goes, and a search that believes a disturbed race cuts far too much. A machine that never is quiet ends the repetitions.
/// </summary>
/// <param name="race">Races the original and a network.</param>
internal sealed class CalmRaces(Func<Model, RaceSettings, LatencyReport> race)
{
    /// <summary>The repetitions of one race, at most.</summary>
    public const int MostRepeats = 2;

    /// <summary>The repetitions of all races together, at most.</summary>
    public const int MostInAll = 8;

    // A share of the ratio: quiet races know it within a hundredth or two.
    private const double WidestInterval = 0.06;

    private int _left = MostInAll;

    /// <summary>The calmest of a race and its repetitions.</summary>
    /// <param name="matters">Whether a race is so close that a disturbance may have decided it.</param>
    public LatencyReport Race(Model network, RaceSettings settings, Func<LatencyReport, bool> matters)
    {
        var calmest = race(network, settings);
        for (var repeat = 0; repeat < MostRepeats && _left > 0 && Disturbance(calmest) != default && matters(calmest); repeat++)
        {
            _left--;
            var again = race(network, settings);
            calmest = Disturbance(again).CompareTo(Disturbance(calmest)) < 0 ? again : calmest;
        }

        return calmest;
    }

    /// <summary>The cores of others first, then how far the rounds disagree; zeros where a race can be believed.</summary>
    private static (double Cores, double Width) Disturbance(LatencyReport report)
    {
        var last = report.Racers[^1];
        var width = (last.RatioHigh - last.RatioLow) / last.Ratio;
        return (report.IsDisturbed ? report.CoresOfOthers!.Value : 0, width > WidestInterval ? width : 0);
    }
}
