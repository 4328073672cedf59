using System.Globalization;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Commands;

/// <summary>The targets of a command line. What people often mean by something else gets its own sentence.</summary>
internal sealed record TargetList(IReadOnlyList<Target> Costs, IReadOnlyList<SizeTarget> Sizes, IReadOnlyList<TimeTarget> Times)
{
    private static readonly string[] s_words = ["macs", "params", "channels", "size", "latency", "speedup"];

    /// <summary>Beginnings of targets, for shells to complete.</summary>
    public static string[] Beginnings => [.. s_words.Select(w => w + "=")];

    /// <exception cref="UsageException">A text is no target.</exception>
    public static TargetList Parse(IReadOnlyList<string> texts)
    {
        foreach (var text in texts)
        {
            Check(text);
        }

        return new TargetList(
            [.. texts.Where(t => !TimeTarget.IsMeantBy(t) && !SizeTarget.IsMeantBy(t)).Select(Target.Parse)],
            [.. texts.Where(SizeTarget.IsMeantBy).Select(SizeTarget.Parse)],
            [.. texts.Where(TimeTarget.IsMeantBy).Select(TimeTarget.Parse)]);
    }

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
