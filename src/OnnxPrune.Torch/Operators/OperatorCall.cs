using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxPrune.Torch.Operators;

/// <summary>One node that is to be computed: what it reads, and what its attributes say.</summary>
/// <param name="Output">Which of the node's outputs is wanted.</param>
/// <param name="Training">Whether BatchNormalization takes the batch's own statistics and updates the running ones.</param>
internal sealed record OperatorCall(Node Node, int Output, bool Training, GraphFacts Facts, Func<int, Tensor?> Read)
{
    /// <summary>A required input.</summary>
    public Tensor Input(int index) => Read(index) ?? throw Unsupported($"lacks its input {index}");

    public Tensor? Optional(int index) => Read(index);

    /// <summary>The size of an input at one definite size of the model's input; the first dimension is the batch.</summary>
    public long[] SizeOf(int input) => Facts.SizeOf(Node.Required(input));

    /// <summary>The size of the wanted output; the first dimension is the batch.</summary>
    public long[] OutputSize => Facts.SizeOf(Node.Outputs[Output]!);

    /// <summary>Integers that are an attribute in older operator sets and an input in newer ones; null when absent.</summary>
    public long[]? Longs(string attribute, int input)
    {
        if (Node.Input(input) is not { } value)
        {
            return Node.Ints(attribute);
        }

        return Facts.Terms.Known(value) ?? throw Unsupported($"has '{attribute}' that are not known before it runs");
    }

    /// <summary>A number that is an attribute in older operator sets and an input in newer ones.</summary>
    public double? Number(string attribute, int input) => Node.Input(input) is { } value
        ? (Facts.Constants[value] ?? throw Unsupported($"has a '{attribute}' that is not constant")).ToDoubles()[0]
        : Node.Attribute(attribute)?.Value is float f ? f : null;

    /// <summary>True if the node says anything about this input.</summary>
    public bool Has(int input) => Node.Input(input) is not null;

    public UnsupportedModelException Unsupported(string why) => new($"{Node} cannot be trained: it {why}.");
}

/// <summary>The facts about a model before it runs.</summary>
/// <param name="Shapes">Concrete shapes at one definite size of the model's input.</param>
internal sealed record GraphFacts(Model Model, ConstantValues Constants, ShapeTerms Terms, IReadOnlyDictionary<Value, Shape> Shapes)
{
    public long[] SizeOf(Value value) =>
        (Shapes.GetValueOrDefault(value) ?? value.Shape) is { } shape
            ? [.. shape.Select((d, i) =>
                d.Size
                    ?? (i == 0 ? -1 : throw new UnsupportedModelException(
                        $"'{value.Name}' {shape} has a size that is not known, so that it cannot be trained.")))]
            : throw new UnsupportedModelException($"The shape of '{value.Name}' is not known, so that it cannot be trained.");
}
