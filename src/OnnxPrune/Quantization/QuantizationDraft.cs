using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Quantization;

/// <summary>
/// A network that is about to become one of integers: without BatchNormalization, in an operator set that has scales by channel.
/// </summary>
internal sealed class QuantizationDraft
{
    private QuantizationDraft(Model model, QuantizationScheme scheme) => (Model, Scheme) = (model, scheme);

    /// <summary>The network in floats; computes what the original computes.</summary>
    public Model Model { get; }

    public QuantizationScheme Scheme { get; }

    /// <param name="model">With element types and shapes; is not changed.</param>
    /// <exception cref="UnsupportedModelException">It cannot be brought to an operator set that has scales by channel.</exception>
    public static QuantizationDraft Of(Model model, QuantizationScheme scheme)
    {
        var copy = OpsetRaise.Apply(model);
        OperatorReplacement.Apply(copy);
        BatchNormFolding.Apply(copy);
        return new QuantizationDraft(copy, scheme);
    }

    /// <summary>Which nodes compute with integers.</summary>
    /// <param name="staysFloat">Layers, by the name of their output, that are to stay float; with the reason.</param>
    public IntegerPartition Partition(IReadOnlyDictionary<string, string> staysFloat) =>
        IntegerPartition.Of(Model, new ConstantValues(), Scheme, staysFloat);

    /// <summary>The values that the partition's nodes exchange as integers.</summary>
    public IReadOnlyList<QuantizedValue> Values(IntegerPartition partition) =>
        QuantizedValue.Of(Model, new ConstantValues(), partition, Scheme);

    /// <summary>An integer network whose ranges are made up: it takes the time of the real one, and computes nothing of use.</summary>
    public Model WithAnyRanges() => Quantize(
        new Dictionary<string, string>(),
        v => v.Bounded(QuantizationParameters.ForRange(Math.Max(v.Low, -1), 1, Scheme), Scheme),
        (weights, inputScale) => QuantizedWeights.Nearest(weights, Scheme, inputScale));

    /// <summary>The integer network.</summary>
    /// <param name="ranges">By name of the value: <see cref="QuantizedValue.Scaled"/>.</param>
    /// <param name="weights">By name of the layer's output.</param>
    public Model Quantize(
        IReadOnlyDictionary<string, string> staysFloat,
        Func<QuantizedValue, QuantizationParameters> ranges,
        Func<LayerWeights, float, QuantizedWeights> weights)
    {
        var draft = new QuantizationDraft(Model.Clone(), Scheme);
        var constants = new ConstantValues();
        var partition = draft.Partition(staysFloat);
        var values = draft.Values(partition).Select(v => (v, ranges(v))).ToArray();
        var layers = partition.Layers.ToDictionary(
            l => l, l => weights(LayerWeights.Of(l, constants, out _)!, values.First(v => v.v.Value == l.Required(0)).Item2.Scale));
        new QdqInsertion(draft.Model, Scheme).Apply(partition, values, layers);
        return draft.Model;
    }
}
