namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// Text that comes from models and paths, made safe to show: what moves the cursor, colours or reorders a line becomes U+FFFD.
/// </summary>
internal static class SanitizedText
{
    // Unicode's marks of direction, by which a name can pretend to be another.
    private static bool IsDirection(char c) => c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f';

    /// <summary>The same length, so that tables keep their columns. Line feeds become replacement characters too.</summary>
    public static string Of(string text) => text.Any(IsHarmful) ? string.Create(text.Length, text, (span, from) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = IsHarmful(from[i]) ? '\ufffd' : from[i];
        }
    }) : text;

    private static bool IsHarmful(char c) => char.IsControl(c) || IsDirection(c);
}
