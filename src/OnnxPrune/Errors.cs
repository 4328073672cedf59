using System.Globalization;
using OnnxPrune.Planning;

namespace OnnxPrune;

/// <summary>A failure that is explained to the user in one sentence; its message says where, what was found and the way out.</summary>
public abstract class OnnxPruneException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The file is not a well-formed ONNX model.</summary>
public sealed class BrokenModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The model is well formed, but holds something that cannot be handled at all.</summary>
public sealed class UnsupportedModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The request does not make sense: an option, a path or a plan that does not fit the model.</summary>
public class UsageException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>A file was cut short or replaced by others while it was in use.</summary>
public sealed class ChangedFileException(string message, Exception? inner = null) : OnnxPruneException(message, inner)
{
    internal static ChangedFileException For(string path, Exception? inner = null) =>
        new($"'{path}' was cut short or replaced while it was read; run again when nothing writes to it.", inner);
}

/// <summary>A rule of this program failed at a node: a mistake of ours, to be reported, and nothing that the model or its user did wrong.</summary>
public sealed class InternalErrorException(string message, Exception inner) : Exception(message, inner);

/// <summary>How far a target can be gone towards, in numbers.</summary>
/// <param name="Target">As it was asked for.</param>
/// <param name="Unit">What the numbers count.</param>
/// <param name="Asked">The limit.</param>
/// <param name="Original">What the original has.</param>
/// <param name="Best">What the smallest model that the request allows has.</param>
public sealed record Reach(string Target, string Unit, double Asked, double Original, double Best);

/// <summary>No allowed cut reaches the target; the message states what can be reached.</summary>
public sealed class TargetOutOfReachException(string message, IReadOnlyList<Reach>? reaches = null) : OnnxPruneException(message)
{
    /// <summary>What the message states, by target that is not met; empty where nothing can be counted.</summary>
    public IReadOnlyList<Reach> Reaches { get; } = reaches ?? [];

    /// <param name="smallest">The cost with everything gone that may go.</param>
    public static TargetOutOfReachException For(IEnumerable<Target> targets, Cost original, Cost smallest)
    {
        Target[] unmet = [.. targets.Where(t => !t.IsMet(smallest, original))];
        return new TargetOutOfReachException(
            string.Join(' ', unmet.Select(t =>
                $"Target {t} is out of reach: {t.Word} can go from {t.Of(original)} down to {t.Of(smallest)}, which is {Percent(t.Of(smallest), t.Of(original))} of the original.")),
            [.. unmet.Select(t => new Reach(t.ToString(), t.Word, t.Limit(original), t.Of(original), t.Of(smallest)))]);
    }

    /// <summary>The same with another sentence at the end of the message.</summary>
    public TargetOutOfReachException With(string advice) => new($"{Message} {advice}", Reaches);

    // Rounded up, so that the share that is named can be asked for.
    private static string Percent(long part, long whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{(whole == 0 ? 100 : Math.Ceiling(1000.0 * part / whole) / 10):0.0}%");
}
