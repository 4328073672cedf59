using System.Globalization;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// Which point of a sweep is the best: "drop&lt;=1", "latency&lt;=3ms", several by commas. Among the points that keep all limits, one of
/// loss wants the fastest; without one, the least loss is wanted.
/// </summary>
internal sealed class PickRule
{
    private static readonly string[] s_words = ["drop", "drift", "score", "top1", "latency", "speedup", "macs", "params", "size"];
    private static readonly string[] s_losses = ["drop", "drift", "score", "top1"];

    private readonly string _text;
    private readonly IReadOnlyList<Limit> _limits;

    private PickRule(string text, IReadOnlyList<Limit> limits) => (_text, _limits) = (text, limits);

    /// <exception cref="UsageException">The text is no rule.</exception>
    public static PickRule Parse(string text) =>
        new(text, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => ParseLimit(part, text))]);

    /// <summary>Makes sure that what is limited will be measured.</summary>
    /// <exception cref="UsageException">It will not, for want of data or of a program that scores.</exception>
    public void Check(bool hasData, bool hasScores)
    {
        foreach (var limit in _limits)
        {
            limit.Check(hasData, hasScores, this);
        }
    }

    /// <summary>The best of the points that are done; null where none keeps the limits.</summary>
    /// <exception cref="UsageException">A limit is one of what was not measured.</exception>
    public SweepPointFigures? Best(IReadOnlyList<SweepPointFigures> points)
    {
        var kept = points.Where(p => _limits.All(l => l.IsKeptBy(p, this)));
        return _limits.Any(l => s_losses.Contains(l.Word))
            ? kept.OrderBy(p => p.Milliseconds).ThenBy(p => p.Loss).FirstOrDefault()
            : kept.OrderBy(p => p.Loss).ThenBy(p => p.Milliseconds).FirstOrDefault();
    }

    public override string ToString() => _text;

    private static Limit ParseLimit(string part, string text)
    {
        var isUpper = part.Contains("<=", StringComparison.Ordinal);
        var sides = part.Split(isUpper ? "<=" : ">=", 2, StringSplitOptions.TrimEntries);
        if (sides.Length < 2)
        {
            throw new UsageException($"--pick {text}: '{part}' is no limit; write it as drop<=1, latency<=3ms, speedup>=2 or macs<=50%.");
        }

        var word = sides[0].ToLowerInvariant();
        if (!s_words.Contains(word))
        {
            var meant = Nearest.Question(word, s_words) is { Length: > 0 } question ? question : $"; choose {string.Join(", ", s_words)}.";
            throw new UsageException($"--pick {text}: '{sides[0]}' is not measured{meant}");
        }

        var isShare = sides[1].EndsWith('%');
        var unit = word == "latency" && !isShare ? "ms" : isShare ? "%" : "";
        if (!sides[1].EndsWith(unit, StringComparison.Ordinal)
            || !double.TryParse(sides[1][..^unit.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || !double.IsFinite(number)
            || (isShare && word is "drift" or "score" or "speedup") || (!isShare && word is "macs" or "params" or "size"))
        {
            throw new UsageException($"--pick {text}: '{sides[1]}' is no limit of {word}; write it as {Example(word)}.");
        }

        return new Limit(word, isUpper, number, isShare);
    }

    private static string Example(string word) => word switch
    {
        "drop" => "drop<=1, in percentage points (or in the unit of --metric-cmd)",
        "drift" => "drift<=0.05",
        "score" => "score>=0.7",
        "top1" => "top1>=90%",
        "latency" => "latency<=3ms or latency<=50%",
        "speedup" => "speedup>=2",
        _ => $"{word}<=50%",
    };

    private sealed record Limit(string Word, bool IsUpper, double Number, bool IsShare)
    {
        public void Check(bool hasData, bool hasScores, PickRule rule)
        {
            if (Word switch { "drop" => !hasData && !hasScores, "score" => !hasScores, "top1" => !hasData, _ => false })
            {
                throw NotMeasured(rule);
            }
        }

        public bool IsKeptBy(SweepPointFigures point, PickRule rule) => IsUpper ? Of(point, rule) <= Number : Of(point, rule) >= Number;

        private double Of(SweepPointFigures point, PickRule rule)
        {
            var (record, verification) = (point.Record, point.Record.Verification!);
            return Word switch
            {
                "drop" => verification.Score?.Drop ?? point.AccuracyDrop ?? throw NotMeasured(rule),
                "drift" => verification.Drift,
                "score" => verification.Score?.Pruned ?? throw NotMeasured(rule),
                "top1" => 100 * (verification.Accuracy?.PrunedTop1 ?? throw NotMeasured(rule)),
                "latency" => IsShare ? 100 * verification.Latency.Ratio : point.Milliseconds,
                "speedup" => verification.Latency.Speedup,
                "macs" => Share(record.Pruned!.Macs, record.Original!.Macs),
                "params" => Share(record.Pruned!.Parameters, record.Original!.Parameters),
                _ => Share(record.Pruned!.FileBytes, record.Original!.FileBytes),
            };
        }

        private UsageException NotMeasured(PickRule rule) => new(
            $"--pick {rule}: '{Word}' is not measured; give "
                + $"{Word switch { "score" => "--metric-cmd", "top1" => "labelled --data", _ => "labelled --data or --metric-cmd" }}.");

        private static double Share(double part, double whole) => 100 * part / whole;
    }
}
