using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>The equation of an Einsum, such as <c>bchw,co->bohw</c>: a letter for every axis of every operand, and of the output.</summary>
internal sealed record EinsumEquation(IReadOnlyList<string> Operands, string Output)
{
    /// <summary>All letters, each once.</summary>
    public IEnumerable<char> Letters => Operands.SelectMany(o => o).Distinct();

    /// <summary>
    /// The equation of a node; null where it has anything else than one different letter for each axis, or other operands than the node.
    /// </summary>
    public static EinsumEquation? Of(Node node)
    {
        var sides = node.String("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        var operands = sides[0].Split(',');
        var output = sides.Length > 1 ? sides[1] : Single(sides[0]);
        return sides.Length <= 2
            && operands.Length == node.Inputs.Count
            && operands.Append(output).All(o => o.All(IsLetter) && o.Distinct().Count() == o.Length)
            && output.All(letter => sides[0].Contains(letter, StringComparison.Ordinal))
            ? new EinsumEquation(operands, output)
            : null;
    }

    /// <summary>The operands' axes that have the letter.</summary>
    public IEnumerable<(int Input, int Axis)> Places(char letter) =>
        Operands.Select((operand, input) => (input, operand.IndexOf(letter, StringComparison.Ordinal))).Where(p => p.Item2 >= 0);

    // Without an arrow, the output has the letters that occur once, in the order of the alphabet.
    private static string Single(string operands) =>
        string.Concat(operands.Where(IsLetter).GroupBy(c => c).Where(g => g.Count() == 1).Select(g => g.Key).Order());

    private static bool IsLetter(char c) => char.IsAsciiLetter(c);
}
