using System.Globalization;

namespace OnnxPrune.Planning;

/// <summary>The least that can be reached of a target, in numbers.</summary>
/// <param name="Target">As it was asked for.</param>
/// <param name="Unit">What the numbers count.</param>
/// <param name="Asked">The limit.</param>
/// <param name="Original">What the original has.</param>
/// <param name="Best">What the smallest model that the request allows has.</param>
internal sealed record Reach(string Target, string Unit, double Asked, double Original, double Best);

/// <summary>No allowed cut reaches the target; the message states what can be reached.</summary>
public sealed class TargetOutOfReachException : OnnxPruneException
{
    internal TargetOutOfReachException(string message, IReadOnlyList<Reach>? reaches = null)
        : base(message) => Reaches = reaches ?? [];

    /// <summary>The numbers of the message, by target that is not met; empty where nothing can be counted.</summary>
    internal IReadOnlyList<Reach> Reaches { get; }

    /// <param name="smallest">The cost with everything gone that may go.</param>
    internal static TargetOutOfReachException For(IEnumerable<Target> targets, Cost original, Cost smallest)
    {
        Target[] unmet = [.. targets.Where(t => !t.IsMet(smallest, original))];
        return new TargetOutOfReachException(
            string.Join(' ', unmet.Select(t =>
                $"Target {t} is out of reach: {t.Word} can go from {t.Of(original)} down to {t.Of(smallest)}, which is "
                    + $"{Percent(t.Of(smallest), t.Of(original))} of the original.")),
            [.. unmet.Select(t => new Reach(t.ToString(), t.Word, t.Limit(original), t.Of(original), t.Of(smallest)))]);
    }

    /// <summary>The same with another sentence at the end of the message.</summary>
    internal TargetOutOfReachException With(string advice) => new($"{Message} {advice}", Reaches);

    // Rounded up, so that the share that is named can be asked for.
    private static string Percent(long part, long whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{(whole == 0 ? 100 : Math.Ceiling(1000.0 * part / whole) / 10):0.0}%");
}
