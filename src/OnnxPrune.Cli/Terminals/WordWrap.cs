namespace OnnxPrune.Cli.Terminals;

/// <summary>Text wrapped between words.</summary>
internal static class WordWrap
{
    /// <summary>
    /// The lines of a text; those after the first are indented by <paramref name="indent"/>. A word longer than a line stays whole.
    /// </summary>
    public static IEnumerable<string> Wrap(string text, int width, int indent)
    {
        // What the text itself is indented by belongs to its first word.
        var start = text.Length - text.TrimStart().Length;
        var line = text[..start];
        var isEmpty = true;
        foreach (var word in text[start..].Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                yield return line;
                (line, isEmpty) = (new string(' ', indent), true);
            }

            line = isEmpty ? line + word : $"{line} {word}";
            isEmpty = false;
        }

        yield return line;
    }

    /// <summary>The end of a name that is too long: what tells layers apart usually comes last.</summary>
    public static string Shorten(string name, int width) => name.Length <= width ? name : "…" + name[(name.Length - width + 1)..];
}
