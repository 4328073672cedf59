using System.Globalization;

namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// The long steps that a run is expected to take, so that each can say where in the run it lies, and how long the rest takes.
/// </summary>
/// <param name="phases">Their names in order, with what they usually take beside each other.</param>
internal sealed class Phases(params IReadOnlyList<(string Name, double Weight)> phases)
{
    // Before that, nothing can be told from what is done.
    private const double Least = 0.05;

    /// <summary>"2/5 repairing, about 3 min left"; the name alone where it was not expected.</summary>
    /// <param name="share">How much of this phase is done, 0 to 1.</param>
    public string Describe(string name, double share, TimeSpan elapsed)
    {
        var at = phases.TakeWhile(p => p.Name != name).Count();
        if (at == phases.Count)
        {
            return name;
        }

        var done = (phases.Take(at).Sum(p => p.Weight) + (share * phases[at].Weight)) / phases.Sum(p => p.Weight);
        var left = done < Least ? "" : $", about {InWords(elapsed * ((1 - done) / done))} left";
        return string.Create(CultureInfo.InvariantCulture, $"{at + 1}/{phases.Count} {name}{left}");
    }

    private static string InWords(TimeSpan time) => time.TotalSeconds < 90
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, time.TotalSeconds):0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min");
}
