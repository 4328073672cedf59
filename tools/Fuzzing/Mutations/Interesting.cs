namespace Fuzzing.Mutations;

/// <summary>Values at which programs break.</summary>
internal static class Interesting
{
    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 3, -2, 7, 8, 127, 128, 255, 256, 4096, 65535, 65536, int.MaxValue, int.MinValue, (long)int.MaxValue + 1, uint.MaxValue,
        1L << 40, 1L << 53,
        long.MaxValue, long.MinValue, long.MaxValue - 1,
    ];

    private static readonly double[] Reals = [
        0, -0.0, 1, -1, 0.5, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e-45, 1e38, -1e38, double.MaxValue
    ];

    private static readonly string[] Texts =
    [
        "", " ", "0", "-1", "ai.onnx", "com.microsoft", "Conv", "Relu", "x", "\0", "\n", "\u202e", "é", "<script>alert(1)</script>",
        "\"'&<>", "../../etc/passwd", "/dev/zero", "%s%n", new string('a', 300),
    ];

    public static long Number(Random random) =>
        random.Next(4) == 0 ? random.NextInt64() >> random.Next(64) : Numbers[random.Next(Numbers.Length)];

    public static double Real(Random random) => Reals[random.Next(Reals.Length)];

    public static string Text(Random random) => Texts[random.Next(Texts.Length)];
}
