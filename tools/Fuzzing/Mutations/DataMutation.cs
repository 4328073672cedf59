using System.Text;
using Fuzzing.Seeds;

namespace Fuzzing.Mutations;

/// <summary>Damage to a data file: anywhere in its bytes, or in the numbers that its header claims.</summary>
internal static class DataMutation
{
    public static byte[] Apply(byte[] bytes, string extension, Random random) => extension == ".npy" && random.Next(2) == 0
        ? Header(bytes, random)
        : ByteMutation.Apply(bytes, DataSeeds.Of(DataSeeds.Extensions[random.Next(DataSeeds.Extensions.Count)], random), random);

    /// <summary>One piece of NumPy's header is replaced by text of the same length or another.</summary>
    private static byte[] Header(byte[] bytes, Random random)
    {
        string[] olds = ["4", "3", "(", ")", "'shape'", "'descr'", "u1", "f4", "<", "|", "'", ":", "False", "True"];
        string[] news = [
            "0",
            "-1",
            "99999",
            "9223372036854775807",
            "99999999999999999999",
            "(",
            ")",
            "",
            "'",
            "O",
            ">f4",
            "V8",
            "True",
            "False",
            "(,)",
            "4, 4, 4, 4, 4, 4"
        ];
        var text = Encoding.Latin1.GetString(bytes);
        var old = olds[random.Next(olds.Length)];
        var at = text.IndexOf(old, StringComparison.Ordinal);
        return at < 0
            ? bytes
            : Encoding.Latin1.GetBytes(string.Concat(text.AsSpan(0, at), news[random.Next(news.Length)], text.AsSpan(at + old.Length)));
    }
}
