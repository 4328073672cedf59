using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>A network whose layers compute with 8-bit integers, in the form that ONNX Runtime and TensorRT fuse.</summary>
/// <param name="Model">With QuantizeLinear and DequantizeLinear around its layers.</param>
/// <param name="IntegerLayers">How many layers with weights compute with integers.</param>
/// <param name="Islands">What computes with floats between them, with the reason.</param>
internal sealed record QuantizedNetwork(Model Model, int IntegerLayers, IReadOnlyList<FloatIsland> Islands);

/// <summary>Turns a trained network into one of 8-bit integers by what it computes on unlabelled inputs.</summary>
internal sealed class PostTrainingQuantizer
{
    // Enough to rank layers by, which are many.
    private const int RankingBatches = 4;

    // Milliseconds: a layer that gains less gains nothing.
    private const double LeastSaving = 1e-6;

    private static readonly IReadOnlyDictionary<string, string> s_none = new Dictionary<string, string>();

    private readonly QuantizationDraft _draft;
    private readonly QuantizationScheme _scheme;
    private readonly SessionSettings _settings;
    private readonly IReadOnlyList<IReadOnlyDictionary<string, Tensor>> _batches;
    private readonly Dictionary<string, QuantizationParameters> _parameters;

    /// <summary>Finds the ranges of all that may become integers.</summary>
    /// <param name="model">With element types and shapes; is not changed.</param>
    /// <param name="batches">The calibration inputs of each batch.</param>
    /// <param name="progress">Is told the share that is done, 0 to 1.</param>
    /// <exception cref="UnsupportedModelException">The network has no layer that can compute with integers.</exception>
    public PostTrainingQuantizer(
        Model model,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        QuantizationScheme scheme,
        SessionSettings settings,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        (_scheme, _settings, _batches) = (scheme, settings, batches);
        (_draft, var partition) = Draft(model, scheme);
        var values = _draft.Values(partition);
        Value[] ranged = [.. values.Select(v => v.Scaled).Distinct()];
        var histograms = ActivationSurvey.Take(_draft.Model, ranged, batches, settings, progress, cancellation);
        _parameters = histograms.ToDictionary(h => h.Key, h => h.Value.Best(scheme));
        foreach (var moved in values)
        {
            // Where what moves it stays float, a value has the scale of what it is moved from.
            _parameters.TryAdd(moved.Value.Name, _parameters[moved.Scaled.Name]);
        }
    }

    /// <summary>Makes sure that a network can be quantized, without running it.</summary>
    /// <exception cref="UnsupportedModelException">The network has no layer that can compute with integers.</exception>
    public static void Check(Model model, QuantizationScheme scheme) => Draft(model, scheme);

    /// <summary>The network with all layers in integers that can be.</summary>
    /// <param name="learned">What layers read that was learned in training, by the name of what the layer makes; the others' comes from
    /// the batches. A layer that stays float reads floats. Null for nothing.</param>
    /// <remarks>The other parameters are those of the constructor.</remarks>
    public static QuantizedNetwork Run(
        Model model,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        QuantizationScheme scheme,
        SessionSettings settings,
        IProgress<double>? progress = null,
        IReadOnlyDictionary<string, QuantizationParameters>? learned = null,
        CancellationToken cancellation = default)
    {
        var quantizer = new PostTrainingQuantizer(model, batches, scheme, settings, progress, cancellation);
        quantizer.Take(learned ?? new Dictionary<string, QuantizationParameters>());
        return quantizer.All();
    }

    /// <summary>The network with all layers in integers that can be.</summary>
    public QuantizedNetwork All() => Quantize(s_none);

    /// <summary>
    /// The network with as many layers in integers as a limit allows: those that do the most damage by themselves for the time that they
    /// save stay float. Their number is found by doubling and halving.
    /// </summary>
    /// <param name="isWithin">Whether a network keeps the limit.</param>
    /// <param name="savings">The milliseconds that integers save in each layer, by the name of its output; a layer without counts as the
    /// usual one. Asked for only where not all layers can be integers; null where time does not matter.</param>
    /// <param name="progress">Is told the share of layers that were ranked, 0 to 1.</param>
    /// <returns>Null where no layer can compute with integers within the limit.</returns>
    public QuantizedNetwork? Within(
        Func<Model, bool> isWithin, Func<IReadOnlyDictionary<string, double>>? savings = null, IProgress<double>? progress = null)
    {
        var whole = All();
        if (isWithin(whole.Model))
        {
            return whole;
        }

        var damage = Damage(progress);
        var ranking = Ranking(damage, savings?.Invoke() ?? new Dictionary<string, double>());
        QuantizedNetwork? kept = null;
        var (fails, holds) = (0, ranking.Count);
        for (var count = 1; count < ranking.Count; count *= 2)
        {
            if (Try(count) is { } found)
            {
                (kept, holds) = (found, count);
                break;
            }

            fails = count;
        }

        while (holds - fails > 1)
        {
            var middle = (fails + holds) / 2;
            if (Try(middle) is { } found)
            {
                (kept, holds) = (found, middle);
            }
            else
            {
                fails = middle;
            }
        }

        return kept;

        QuantizedNetwork? Try(int count) =>
            Quantize(ranking.Take(count).ToDictionary(l => l, _ => "integers in it cost more than the limit allows")) is var network
                && isWithin(network.Model) ? network with { Islands = [.. network.Islands.Select(WithDamage)] } : null;

        FloatIsland WithDamage(FloatIsland island) =>
            damage.TryGetValue(island.Node.Output.Name, out var drift) ? island with { Drift = drift } : island;
    }

    private static (QuantizationDraft Draft, IntegerPartition Partition) Draft(Model model, QuantizationScheme scheme)
    {
        var draft = QuantizationDraft.Of(model, scheme);
        var partition = draft.Partition(s_none);
        return partition.Layers.Any() ? (draft, partition) : throw new UnsupportedModelException(partition.Islands is [var first, ..]
            ? $"No layer can compute with integers; {first.Node}: {first.Reason}."
            : "No layer can compute with integers: there is no Conv, Gemm or MatMul with weights.");
    }

    private void Take(IReadOnlyDictionary<string, QuantizationParameters> learned)
    {
        var partition = _draft.Partition(s_none);
        var layers = partition.Layers.ToDictionary(l => l.Output.Name);
        var values = _draft.Values(partition).ToDictionary(v => v.Value);
        foreach (var (name, parameters) in learned)
        {
            if (layers.TryGetValue(name, out var layer))
            {
                _parameters[values[layer.Required(0)].Scaled.Name] = parameters;
            }
        }
    }

    private QuantizedNetwork Quantize(IReadOnlyDictionary<string, string> staysFloat)
    {
        var partition = _draft.Partition(staysFloat);
        var quantized = _draft.Quantize(
            staysFloat,
            v => v.Bounded(_parameters[v.Scaled.Name], _scheme),
            (weights, inputScale) => QuantizedWeights.Nearest(weights, _scheme, inputScale));
        return new QuantizedNetwork(quantized, partition.Layers.Count(), partition.Islands);
    }

    /// <summary>The drift that each layer makes when it alone computes with integers, by the name of its output.</summary>
    private Dictionary<string, double> Damage(IProgress<double>? progress)
    {
        string[] layers = [.. _draft.Partition(s_none).Layers.Select(l => l.Output.Name)];
        IReadOnlyDictionary<string, Tensor>[] batches = [.. _batches.Take(RankingBatches)];
        using var original = OnnxSession.Open(_draft.Model, _settings, "the model");
        var damage = new Dictionary<string, double>();
        foreach (var layer in layers)
        {
            using var single = OnnxSession.Open(Quantize(
                layers.Where(l => l != layer).ToDictionary(l => l, _ => "")).Model, _settings, "the model with one layer of integers");
            damage.Add(layer, DriftMeter.Measure(original, single, batches).Total);
            progress?.Report((double)damage.Count / layers.Length);
        }

        return damage;
    }

    /// <summary>The layers by damage for a millisecond that is saved, the worst first.</summary>
    private static IReadOnlyList<string> Ranking(Dictionary<string, double> damage, IReadOnlyDictionary<string, double> savings)
    {
        var usual = savings.Count == 0 ? 1 : savings.Values.Order().ElementAt(savings.Count / 2);
        return [.. damage.Keys.OrderByDescending(l => damage[l] / Math.Max(savings.GetValueOrDefault(l, usual), LeastSaving))];
    }
}
