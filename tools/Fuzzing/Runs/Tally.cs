using System.Globalization;
using Fuzzing.Targets;

namespace Fuzzing.Runs;

/// <summary>
/// Counts the ends of one target's cases. Keeps the first inputs of every kind of finding as files, each with its name and what happened.
/// </summary>
internal sealed class Tally(FuzzTarget target, string folder)
{
    private const int KeptPerSignature = 3;

    private readonly SortedDictionary<string, long> _outcomes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _signatures = [];
    private long _inputs;
    private long _largest;

    public long Findings => _signatures.Values.Sum();

    public void Add(CaseId id, string line)
    {
        _inputs++;
        if (line.StartsWith("finding ", StringComparison.Ordinal))
        {
            Keep(id, line["finding ".Length..].Split('\t', 2));
            return;
        }

        var words = line.Split(' ');
        _outcomes[words[1]] = _outcomes.GetValueOrDefault(words[1]) + 1;
        _largest = Math.Max(_largest, long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    public string Row() => string.Create(CultureInfo.InvariantCulture,
        $"| {target.Name} | {_inputs} | {string.Join(", ", _outcomes.Select(o => $"{o.Key} {o.Value}"))} | {_largest / 1e6:0.0} MB | "
            + $"{Findings} | {_signatures.Count} |");

    private void Keep(CaseId id, string[] parts)
    {
        var (signature, message) = (parts[0], parts.Length > 1 ? parts[1] : "");
        _signatures[signature] = _signatures.GetValueOrDefault(signature) + 1;
        if (_signatures[signature] > KeptPerSignature)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        var input = target.Make(id.Random());
        File.WriteAllBytes(Path.Combine(folder, id + input.Extension), input.Bytes);
        File.WriteAllText(Path.Combine(folder, $"{id}.txt"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{signature}\ntools/fuzz --target {id.Target} --seed {id.Seed} --from {id.Index} --count "
                    + $"1\n{message.Replace(" | ", "\n  ", StringComparison.Ordinal)}\n"));
        Console.Error.WriteLine($"{id}: {signature}: {(message.Length > 300 ? message[..300] : message)}");
    }
}
