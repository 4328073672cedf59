namespace OnnxPrune;

/// <summary>Finds the word that a mistyped one was meant to be.</summary>
internal static class Nearest
{
    /// <summary>"; did you mean 'x'?", or nothing where no word is near.</summary>
    public static string Question(string typed, IEnumerable<string> words) =>
        To(typed, words) is { } near ? $"; did you mean '{near}'?" : "";

    /// <summary>The word that the fewest changes lead to; null where a third of it or more would have to change.</summary>
    public static string? To(string typed, IEnumerable<string> words) => words
        .Select(word => (Word: word, Distance: Distance(typed.ToLowerInvariant(), word.ToLowerInvariant())))
        .Where(w => w.Distance <= Math.Max(1, Math.Max(w.Word.Length, typed.Length) / 3))
        .OrderBy(w => w.Distance)
        .Select(w => w.Word)
        .FirstOrDefault();

    /// <summary>The number of characters that must be inserted, left out, replaced or exchanged with their neighbour.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                d[i, j] = (i, j) switch
                {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)),
                };
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
