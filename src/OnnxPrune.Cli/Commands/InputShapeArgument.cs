using System.CommandLine;
using System.Globalization;

namespace OnnxPrune.Cli.Commands;

/// <summary>The option that gives dynamic inputs a size.</summary>
internal sealed class InputShapeArgument
{
    public Option<string[]> Option { get; } =
        new("--input-shape") { HelpName = "NAME=N,N,..", Description = "the size of a dynamic input, such as input=1,3,224,224" };

    /// <summary>Null when none was given.</summary>
    /// <exception cref="UsageException">A text is no name with dimensions.</exception>
    public IReadOnlyDictionary<string, long[]>? Read(ParseResult parsed)
    {
        var shapes = new Dictionary<string, long[]>();
        foreach (var text in parsed.GetValue(Option) ?? [])
        {
            // Names may hold '=' themselves.
            var at = text.LastIndexOf('=');
            var dims = at <= 0 ? [] : Array.ConvertAll(text[(at + 1)..].Split(','), Dimension);
            if (dims.Length == 0 || dims.Contains(0) || !shapes.TryAdd(text[..at], dims))
            {
                throw new UsageException($"--input-shape {text}: give one shape per input, such as input=1,3,224,224.");
            }
        }

        return shapes.Count == 0 ? null : shapes;
    }

    private static long Dimension(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0;
}
