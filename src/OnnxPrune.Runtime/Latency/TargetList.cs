using System.Globalization;
using OnnxPrune.Planning;

namespace OnnxPrune.Runtime.Latency;

/// <summary>Upper limits that the result keeps, all at once. What people often mean by something else gets its own sentence.</summary>
public sealed class TargetList
{
    private static readonly string[] s_words = ["macs", "params", "channels", "size", "latency", "speedup"];

    /// <summary>No target.</summary>
    public static TargetList None { get; } = new();

    /// <summary>Limits of MACs, parameters and channels.</summary>
    internal IReadOnlyList<Target> Costs { get; init; } = [];

    /// <summary>Limits of the file's bytes.</summary>
    internal IReadOnlyList<SizeTarget> Sizes { get; init; } = [];

    /// <summary>Limits of measured latency.</summary>
    internal IReadOnlyList<TimeTarget> Times { get; init; } = [];

    internal int Count => Costs.Count + Sizes.Count + Times.Count;

    /// <summary>As they are written.</summary>
    internal IEnumerable<string> Texts =>
        [.. Costs.Select(t => t.ToString()), .. Sizes.Select(t => t.ToString()), .. Times.Select(t => t.ToString())];

    /// <summary>Beginnings of targets, for shells to complete.</summary>
    internal static string[] Beginnings => [.. s_words.Select(w => w + "=")];

    /// <summary>
    /// Reads <c>macs=50%</c>, <c>params=400K</c>, <c>channels=75%</c>, <c>size=2MB</c>, <c>latency=3ms</c>, <c>speedup=2</c>.
    /// </summary>
    /// <exception cref="UsageException">A text is no target.</exception>
    public static TargetList Parse(params IReadOnlyList<string> texts)
    {
        foreach (var text in texts)
        {
            Check(text);
        }

        return new TargetList
        {
            Costs = [.. texts.Where(t => !TimeTarget.IsMeantBy(t) && !SizeTarget.IsMeantBy(t)).Select(Target.Parse)],
            Sizes = [.. texts.Where(SizeTarget.IsMeantBy).Select(SizeTarget.Parse)],
            Times = [.. texts.Where(TimeTarget.IsMeantBy).Select(TimeTarget.Parse)],
        };
    }

    public override string ToString() => string.Join(", ", Texts);

    private static void Check(string text)
    {
        var parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
        var word = parts[0].ToLowerInvariant();
        if (parts.Length == 1)
        {
            if (word.Length > 0 && char.IsAsciiDigit(word[0]))
            {
                throw new UsageException(
                    $"--target {text} does not say of what; write macs={text}, params={text}, channels={text}, size={text} or "
                        + $"latency={text}.");
            }

            return;
        }

        var amount = parts[1];
        var number = double.TryParse(amount.TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given)
            ? given
            : (double?)null;
        if (word is "flops" or "flop" or "gflops" or "mflops")
        {
            throw new UsageException(
                $"'{text}' is no target; multiply-adds are counted here, of two FLOPs each: write "
                    + $"macs={(amount.EndsWith('%') ? amount : "50%")}.");
        }

        if (word is "bytes" or "filesize" or "file_size" or "file-size")
        {
            throw new UsageException($"'{text}' is no target; did you mean 'size={amount}'?");
        }

        if (word is "size"
            && double.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var plain)
            && plain > 1)
        {
            throw new UsageException(
                $"'{text}' is no target of size without a unit; write "
                    + $"size={amount}KB{(plain <= 100 ? $", or size={amount}% for a share of the original's" : "")}.");
        }

        if (!s_words.Contains(word) && Nearest.To(word, s_words) is { } near)
        {
            throw new UsageException($"'{text}' is no target; did you mean '{near}={amount}'?");
        }

        if (word is "macs" or "params" && !amount.EndsWith('%') && number is > 1 and <= 100)
        {
            throw new UsageException(
                $"'{text}' would leave {amount} {(word == "macs" ? "MACs" : "parameters")} in all; write {word}={amount}% for a share of "
                    + "the original's.");
        }

        if (word is "latency" && !amount.EndsWith('%') && number is > 1)
        {
            throw new UsageException(
                $"'{text}' is no target of time without a unit; write "
                    + $"latency={amount}ms{(number <= 100 ? $", or latency={amount}% for a share of the original's" : "")}.");
        }

        if (s_words.Contains(word) && word != "speedup" && amount.EndsWith('%') && number > 100)
        {
            throw new UsageException(
                $"'{text}' is no target{(word == "latency" ? " of time" : "")}; the original has 100%, and a target is a limit below "
                    + "that.");
        }
    }
}
