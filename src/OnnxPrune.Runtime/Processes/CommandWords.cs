using System.Text;

namespace OnnxPrune.Runtime.Processes;

/// <summary>The words of a command line, as a shell would take them apart that expands nothing.</summary>
internal static class CommandWords
{
    /// <summary>Null where a quotation mark is left open.</summary>
    public static IReadOnlyList<string>? Split(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char? quote = null;
        foreach (var c in line)
        {
            if (quote is null && char.IsWhiteSpace(c))
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                    word = null;
                }
            }
            else if (quote == c || (quote is null && c is '\'' or '"'))
            {
                word ??= new StringBuilder();
                quote = quote is null ? c : null;
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }

        if (word is not null)
        {
            words.Add(word.ToString());
        }

        return quote is null ? words : null;
    }
}
