using System.Text.RegularExpressions;

namespace Tools.Tests;

/// <summary>Rules of the written code that no compiler holds: the length of lines, and the words that summaries begin with.</summary>
public sealed partial class SourceTextTests
{
    /// <summary>No white space to break at, as in encoded pictures.</summary>
    private const int Unbreakable = 100;

    [Fact]
    public void Lines_are_no_longer_than_the_editor_is_told()
    {
        var limit = int.Parse(Limit().Match(File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig"))).Groups[1].Value);

        Assert.Equal([], Sources().SelectMany(f => TooLong(File.ReadAllLines(f), limit).Select(line => $"{Name(f)}:{line}")));
    }

    /// <summary>A noun says what something is, a verb what it does; a question word says neither.</summary>
    [Fact]
    public void Summaries_begin_with_no_question_word() => Assert.Equal(
        [], Sources().SelectMany(f => Question().Matches(File.ReadAllText(f)).Select(m => $"{Name(f)}: {m.Groups[1].Value}")));

    [Fact]
    public void Long_lines_are_found_but_in_raw_texts_and_where_they_cannot_be_broken()
    {
        string[] lines = ["short", "a long line", "var x = \"\"\"", "a raw long line", "\"\"\";", "one long line", new string('x', 101)];

        Assert.Equal([2, 6], TooLong(lines, 10));
    }

    /// <summary>The numbers of lines beyond the limit.</summary>
    private static IEnumerable<int> TooLong(IEnumerable<string> lines, int limit)
    {
        var (number, isRaw) = (0, false);
        foreach (var line in lines)
        {
            number++;
            var begins = line.Split("\"\"\"").Length % 2 == 0;
            if (!isRaw && !begins && line.Length > limit && line.Split(' ').Max(w => w.Length) <= Unbreakable)
            {
                yield return number;
            }

            isRaw ^= begins;
        }
    }

    private static IEnumerable<string> Sources() => new[] { "src", "tests", "tools", "samples" }
        .SelectMany(top => Directory.EnumerateFiles(Path.Combine(Repository.Root, top), "*.cs", SearchOption.AllDirectories))
        .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
        .Order(StringComparer.Ordinal);

    private static string Name(string file) => Path.GetRelativePath(Repository.Root, file);

    [GeneratedRegex(@"max_line_length = (\d+)")]
    private static partial Regex Limit();

    [GeneratedRegex(@"/// <summary>\s*(?:///\s*)?((?:What|Where|How|Whether)\b[^\n]*)")]
    private static partial Regex Question();
}
