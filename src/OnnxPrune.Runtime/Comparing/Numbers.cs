using System.Globalization;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>Quantities as people read them.</summary>
internal static class Numbers
{
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Plain(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>"1 set", "3 sets".</summary>
    public static string Count(long number, string noun) => $"{Count(number)} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>One number as a share of another.</summary>
    public static string Share(double part, double whole) => whole > 0 ? Percent(part / whole) : "-";

    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    public static string Times(double factor) => factor.ToString("0.00", CultureInfo.InvariantCulture) + " times";

    public static string Milliseconds(double time) => time.ToString(time < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture) + " ms";

    /// <summary>Four significant digits are more than a drift deserves, and fewer hide small ones.</summary>
    public static string Drift(double drift) =>
        drift == 0 ? "0" : drift.ToString(drift < 0.001 ? "0.0E+0" : "0.0000", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => Count(bytes) + " B";

    /// <summary>Describes a race and its result, as a sentence.</summary>
    public static string Race(LatencyReport race) =>
        $"Latency: {race.Provider}, batch {race.Batch}, {Count(race.Rounds, "interleaved round")}; {Times(race.Speedup)} as fast, round by "
            + $"round ({Between(race.SpeedupInterval)} with 95 % of probability).{Disturbance(race)}";

    /// <summary>An interval of factors.</summary>
    public static string Between((double Low, double High) interval) =>
        string.Create(CultureInfo.InvariantCulture, $"{interval.Low:0.00} to {interval.High:0.00}");

    private static string Disturbance(LatencyReport race) => race.IsDisturbed
        ? string.Create(
            CultureInfo.InvariantCulture,
            $" The machine was busy: other programs took {race.CoresOfOthers:0.0} of {Environment.ProcessorCount} cores meanwhile, and the "
                + $"figures may be theirs.")
        : "";
}
