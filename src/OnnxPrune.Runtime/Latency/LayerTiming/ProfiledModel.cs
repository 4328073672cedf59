using System.Globalization;
using System.Text.RegularExpressions;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// A model in a session that takes note of what each operator takes. Its layers have numbers for names there, which the runtime keeps as
/// a part of the names of what it makes of them.
/// </summary>
internal sealed partial class ProfiledModel : IDisposable
{
    private static readonly string[] s_operators = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

    // What ONNX Runtime may make one operator of with a convolution before it.
    private static readonly string[] s_takenIn =
        ["BatchNormalization", "Add", "Sum", "Mul", "Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "HardSigmoid"];

    // The end of the names of operators on blocks of channels.
    private const string Blocked = "_nchwc";

    // In place of the number of a layer.
    private const int None = -1;

    private readonly ConstantValues _constants = new();

    /// <param name="prefix">Where the profile is written to; whoever gives it removes it.</param>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model.</exception>
    public ProfiledModel(Model model, SessionSettings settings, string prefix, string name)
    {
        Layers = [.. model.Graph.Nodes.Where(n => s_operators.Contains(n.OpType) && WeightsOf(n) > 0)];
        var numbers = Layers.Index().ToDictionary(l => l.Item, l => l.Index);
        var named = OnnxFile.ToBytes(model, n => numbers.TryGetValue(n, out var number)
            ? string.Create(CultureInfo.InvariantCulture, $"onnxprune-layer-{number}-")
            : null);
        Session = OnnxSession.Open(
            named, model.Folder, settings with { ProfilePrefix = prefix }, name, OnnxFile.ExternalWeights(model));
    }

    /// <summary>The layers with weights, in the order of the graph.</summary>
    public IReadOnlyList<Node> Layers { get; }

    public OnnxSession Session { get; }

    /// <summary>The number of weights of a layer.</summary>
    public long WeightsOf(Node layer) => _constants[layer.Input(1)]?.Count ?? 0;

    /// <summary>Ends the profile, and gives the milliseconds of each layer and those of all other operators.</summary>
    /// <param name="runs">The number of runs that count, from the last one backwards.</param>
    public (IReadOnlyList<double?> Layers, double Others) End(int runs)
    {
        var profile = OperatorProfile.Parse(File.ReadAllBytes(Session.Inner.EndProfiling())).TakeLast(runs).ToArray();
        var numbers = Numbers([.. profile.SelectMany(run => run.Keys).Distinct()]);
        var counted = profile
            .Select(run => run.GroupBy(o => numbers[o.Key]).ToDictionary(g => g.Key, g => g.Sum(o => o.Value)))
            .ToArray();
        return ([.. Layers.Select((_, i) => TimeOf(i))], TimeOf(None) ?? 0);

        double? TimeOf(int number) => counted.Any(run => run.ContainsKey(number))
            ? Usual(counted.Select(run => run.GetValueOrDefault(number)))
            : null;
    }

    public void Dispose() => Session.Dispose();

    /// <summary>The mean of the middle half: the clock has whole microseconds, so that a median would be coarse.</summary>
    internal static double Usual(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        var outside = (sorted.Length + 1) / 4;
        return sorted.Length == 0 ? 0 : sorted[outside..^outside].Average();
    }

    /// <summary>
    /// The number of the layer that each operator was made of. Convolutions on blocks of channels are called after what they make, which
    /// is what comes behind the layer where that was taken into it.
    /// </summary>
    private Dictionary<string, int> Numbers(IReadOnlyList<string> operations)
    {
        var makers = Layers.Index().SelectMany(l => Behind(l.Item).Select(v => (v.Name, l.Index))).ToLookup(m => m.Name, m => m.Index);
        var numbers = new Dictionary<string, int>();
        var candidates = operations.Select(o => (Operation: o, Layers: Candidates(o).ToArray())).ToArray();

        // Of two layers that are added, one was taken into the sum, and the other has an operator of its own.
        foreach (var (operation, layers) in candidates.OrderBy(c => c.Layers.Length))
        {
            numbers[operation] = layers.Length == 1 ? layers[0] : layers.Except(numbers.Values).FirstOrDefault(None);
        }

        return numbers;

        IEnumerable<int> Candidates(string operation) => Numbered().Match(operation) is { Success: true } match
            ? [int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)]
            : operation.LastIndexOf(Blocked, StringComparison.Ordinal) is > 0 and var end ? makers[operation[..end]] : [];
    }

    /// <summary>The values that a layer may make together with what follows it.</summary>
    private static IEnumerable<Value> Behind(Node layer)
    {
        for (var value = layer.Output; ; value = value.Uses[0].Node.Output)
        {
            yield return value;
            if (value.Uses.Count != 1 || !s_takenIn.Contains(value.Uses[0].Node.OpType))
            {
                yield break;
            }
        }
    }

    [GeneratedRegex(@"onnxprune-layer-(\d+)-")]
    private static partial Regex Numbered();
}
