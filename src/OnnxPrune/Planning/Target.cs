using System.Globalization;

namespace OnnxPrune.Planning;

/// <summary>The quantity that a target limits.</summary>
internal enum TargetKind
{
    Macs,
    Parameters,
    Channels,

    /// <summary>Bytes of the stored constants; a <see cref="SizeTarget"/>, which limits a whole file, leads to one of these.</summary>
    Bytes,

    /// <summary>
    /// The time by <see cref="LayerTimes"/>; a target of time on the command line is raced instead, and leads to one of these.
    /// </summary>
    Time,
}

/// <summary>An upper limit that the result keeps: an absolute number, or a share of what the original has.</summary>
internal readonly record struct Target(TargetKind Kind, double? Share, long? Absolute)
{
    /// <summary>Reads <c>macs=50%</c>, <c>macs=0.5</c>, <c>params=400K</c>, <c>channels=75%</c>.</summary>
    /// <exception cref="UsageException">The text is none of these.</exception>
    public static Target Parse(string text)
    {
        var parts = text.Split('=', 2);
        TargetKind? kind = parts[0].Trim().ToLowerInvariant() switch
        {
            "macs" => TargetKind.Macs,
            "params" => TargetKind.Parameters,
            "channels" => TargetKind.Channels,
            _ => null,
        };
        if (kind is null || parts.Length < 2 || ParseAmount(parts[1].Trim()) is not { } amount)
        {
            throw new UsageException(
                $"'{text}' is no target; write macs=50%, params=0.4, channels=75%, an absolute number such as macs=60M, size=500KB, "
                    + "latency=50% or speedup=2.");
        }

        return new Target(kind.Value, amount.Share, amount.Absolute);
    }

    /// <summary>The limit in numbers.</summary>
    public long Limit(Cost original) => Absolute ?? (long)Math.Floor(Share!.Value * Of(original));

    /// <summary>The cost of this target's kind.</summary>
    public long Of(Cost cost) => Kind switch
    {
        TargetKind.Macs => cost.Macs,
        TargetKind.Parameters => cost.Parameters,
        TargetKind.Time => cost.Time,
        TargetKind.Bytes => cost.Bytes,
        _ => cost.Channels,
    };

    public bool IsMet(Cost cost, Cost original) => Of(cost) <= Limit(original);

    /// <summary>The word on the command line.</summary>
    public string Word => Kind switch
    {
        TargetKind.Macs => "macs",
        TargetKind.Parameters => "params",
        TargetKind.Time => "time",
        TargetKind.Bytes => "bytes of weights",
        _ => "channels",
    };

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Word}={(Share is { } share ? $"{share * 100:0.##}%" : Absolute)}");

    private static (double? Share, long? Absolute)? ParseAmount(string text)
    {
        var isPercent = text.EndsWith('%');
        var scale = text.Length == 0 ? 1 : char.ToUpperInvariant(text[^1]) switch { 'K' => 1e3, 'M' => 1e6, 'G' => 1e9, _ => 1 };
        var digits = isPercent || scale > 1 ? text[..^1] : text;
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number <= 0)
        {
            return null;
        }

        if (isPercent)
        {
            return number <= 100 ? (number / 100, null) : null;
        }

        return scale == 1 && number <= 1 ? (number, null) : number * scale < 1e18 ? (null, (long)(number * scale)) : null;
    }
}
