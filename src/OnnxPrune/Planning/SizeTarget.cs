using System.Globalization;

namespace OnnxPrune.Planning;

/// <summary>
/// An upper limit of what a model takes on disk, with its external data: a number of bytes, or a share of what the original takes.
/// </summary>
internal readonly record struct SizeTarget(double? Share, long? Bytes)
{
    // 1 KB has 1000 bytes and 1 KiB has 1024, as in the International System of Quantities.
    private static readonly (string Name, long Bytes)[] s_units =
        [
            ("kib", 1L << 10),
            ("mib", 1L << 20),
            ("gib", 1L << 30),
            ("kb", 1000),
            ("mb", 1_000_000),
            ("gb", 1_000_000_000),
            ("k", 1000),
            ("m", 1_000_000),
            ("g", 1_000_000_000),
            ("b", 1)
        ];

    /// <summary>True if a target's text speaks of size.</summary>
    public static bool IsMeantBy(string text) => text.Split('=')[0].Trim().Equals("size", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads <c>size=500KB</c> (also MB, GB, KiB, MiB, GiB and B), <c>size=50%</c>, <c>size=0.5</c>.</summary>
    /// <exception cref="UsageException">The text is none of these.</exception>
    public static SizeTarget Parse(string text)
    {
        var amount = text.Split('=', 2) is [_, var given] ? given.Trim().ToLowerInvariant() : "";
        var unit = Array.Find(s_units, u => amount.EndsWith(u.Name, StringComparison.Ordinal));
        SizeTarget? target =
            unit.Name is not null
                ? Number(amount[..^unit.Name.Length].TrimEnd()) * unit.Bytes is >= 1 and < 1e18 and var bytes
                ? new SizeTarget(null, (long)bytes)
                : null
            : (amount.EndsWith('%') ? Number(amount[..^1]) / 100 : Number(amount)) is > 0 and <= 1 and var share
                ? new SizeTarget(share, null)
            : null;
        return target
            ?? throw new UsageException(
                $"'{text}' is no target of size; write size=500KB, size=2MB, size=1.5MiB, or size=50% for a share of the original's.");
    }

    /// <summary>The most that the file may take.</summary>
    public long Limit(long original) => Bytes ?? (long)Math.Floor(Share!.Value * original);

    public override string ToString() =>
        Share is { } share ? string.Create(CultureInfo.InvariantCulture, $"size={share * 100:0.##}%") : $"size={InUnits(Bytes!.Value)}";

    /// <summary>In the largest unit that needs no decimals.</summary>
    private static string InUnits(long bytes) =>
        bytes % 1_000_000 == 0
            ? $"{bytes / 1_000_000}MB"
            : bytes % (1 << 20) == 0
            ? $"{bytes >> 20}MiB"
            : bytes % 1000 == 0
            ? $"{bytes / 1000}KB"
            : bytes % 1024 == 0
            ? $"{bytes >> 10}KiB"
            : $"{bytes}B";

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
