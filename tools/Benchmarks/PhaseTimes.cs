using System.Globalization;
using System.Text.RegularExpressions;

namespace Benchmarks;

/// <summary>The lines by which <c>onnxprune --verbose</c> states what its phases took, such as "  88.1 ms  read the model".</summary>
internal static partial class PhaseTimes
{
    /// <summary>Milliseconds by the name of the phase, in the order of the run.</summary>
    public static Dictionary<string, double> Of(ProgramRun run)
    {
        var times = new Dictionary<string, double>();
        foreach (Match line in Line().Matches(run.Error))
        {
            var name = line.Groups["name"].Value;
            times[name] = times.GetValueOrDefault(name) + double.Parse(line.Groups["ms"].ValueSpan, CultureInfo.InvariantCulture);
        }

        return times;
    }

    [GeneratedRegex(@"^ *(?<ms>[0-9.]+) ms  (?<name>.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
