using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Shapes;

/// <summary>The shapes that a model's values have for one definite size of its inputs.</summary>
/// <param name="Inputs">The dimensions chosen for every fed input, by name; all known.</param>
/// <param name="Values">Shape by value. A value that the runtime cannot tell beforehand is missing or keeps open dimensions.</param>
internal sealed record ConcreteShapes(IReadOnlyDictionary<string, long[]> Inputs, IReadOnlyDictionary<Value, Shape> Values)
{
    // What networks for images are usually made for. 224 first: it suits fully convolutional ones as well.
    private static readonly long[] UsualSizes = [224, 32, 64, 128, 256, 320, 416, 512, 640, 28, 96, 160, 192, 384];

    /// <summary>
    /// Makes every dynamic input dimension concrete and infers all shapes; <see cref="Value.Shape"/> stays as it is. The first dimension is
    /// the batch; others take the caller's size, or the first usual image size that the whole graph can take. Costs nothing but a walk
    /// where only the batch is open and known by its symbol everywhere.
    /// </summary>
    /// <param name="inputShapes">Dimensions that the caller fixes, by input name; −1 leaves one to this method.</param>
    /// <param name="name">How messages call the model.</param>
    /// <exception cref="UsageException">A given shape does not belong to an input or does not fit it.</exception>
    /// <exception cref="UnsupportedModelException">An input has no rank, or ONNX Runtime loads the model at no size that was
    /// tried.</exception>
    public static ConcreteShapes Infer(
        Model model, IReadOnlyDictionary<string, long[]>? inputShapes = null, long batch = 1, string name = "the model")
    {
        var inputs = model.Graph.FedInputs.ToDictionary(i => i.Name, i => Start(i, inputShapes, batch, name));
        CheckNames(inputShapes, inputs, name);
        var sizes = inputs.Values.Any(d => d.Contains(-1)) ? UsualSizes : [UsualSizes[0]];
        if (sizes.Length == 1 && inputShapes is null && FromSymbols(model.Graph, inputs, batch) is { } known)
        {
            return known;
        }

        ConcreteShapes? best = null;
        UnsupportedModelException? refusal = null;
        foreach (var size in sizes)
        {
            try
            {
                var candidate = InferAt(model, Fill(inputs, size), name);
                best = best is null || candidate.Holes() < best.Holes() ? candidate : best;
                if (best.Holes() == 0)
                {
                    break;
                }
            }
            catch (UnsupportedModelException e)
            {
                refusal ??= e;
            }
        }

        return best ?? throw refusal!;
    }

    private static ConcreteShapes InferAt(Model model, Dictionary<string, long[]> inputs, string name)
    {
        var found = ShapeInference.Read(model, inputs, name);
        var shapes = found.ToDictionary(p => p.Key, p => p.Value.Shape);
        foreach (var initializer in model.Graph.Initializers)
        {
            shapes[initializer] = new Shape(initializer.Initializer!.Dims.Select(d => new Dim(d)));
        }

        var all = OpenShapes.Of(model.Graph, shapes);
        return OpenShapes.Contradiction(model.Graph, all) is not { } contradiction
            ? new ConcreteShapes(inputs, all)
            : throw new UnsupportedModelException(
                $"{SessionFailure.Quote(name)} does not take inputs of "
                    + $"{string.Join(", ", inputs.Select(i => $"'{i.Key}' [{string.Join(", ", i.Value)}]"))}: {contradiction}. Give others "
                    + "by --input-shape.");
    }

    private int Holes() => Values.Count(p => !p.Value.IsKnown);

    private static long[] Start(Value input, IReadOnlyDictionary<string, long[]>? inputShapes, long batch, string name)
    {
        if (inputShapes is not null && inputShapes.TryGetValue(input.Name, out var given))
        {
            return FitGiven(input, given, batch, name);
        }

        if (input.Shape is not { } shape)
        {
            throw new UnsupportedModelException(
                $"{SessionFailure.Quote(name)}: the input '{input.Name}' is no tensor of known rank, so that no shape can be chosen for "
                    + "it.");
        }

        var dims = new long[shape.Rank];
        for (var axis = 0; axis < dims.Length; axis++)
        {
            dims[axis] = shape[axis].Size ?? (axis == 0 ? batch : axis == 1 ? Channels(input) ?? -1 : -1);
        }

        return dims;
    }

    private static long[] FitGiven(Value input, long[] given, long batch, string name)
    {
        var fits = input.Shape is not { } shape
            || (shape.Rank == given.Length
                && Enumerable.Range(0, shape.Rank).All(a => given[a] < 0 || shape[a].Size is null || shape[a].Size == given[a]));
        if (!fits)
        {
            throw new UsageException(
                $"{SessionFailure.Quote(name)}: the shape [{string.Join(", ", given)}] does not fit the input '{input.Name}' "
                    + $"{input.Shape}.");
        }

        var dims = new long[given.Length];
        for (var axis = 0; axis < dims.Length; axis++)
        {
            dims[axis] = given[axis] >= 0 ? given[axis] : input.Shape?[axis].Size ?? (axis == 0 ? batch : -1);
        }

        return dims;
    }

    /// <summary>Takes the input's channels from the weight [M, C/group, ...] of a Conv that reads it.</summary>
    private static long? Channels(Value input)
    {
        foreach (var use in input.Uses)
        {
            if (use is { Index: 0, Node: { OpType: "Conv", Domain: "" } conv } && conv.Input(1)?.Initializer is { Rank: >= 3 } weight)
            {
                return checked(weight.Dims[1] * conv.Int("group", 1));
            }
        }

        return null;
    }

    private static Dictionary<string, long[]> Fill(Dictionary<string, long[]> inputs, long size) =>
        inputs.ToDictionary(p => p.Key, p => Array.ConvertAll(p.Value, d => d < 0 ? size : d));

    private static void CheckNames(IReadOnlyDictionary<string, long[]>? inputShapes, Dictionary<string, long[]> inputs, string name)
    {
        if (inputShapes?.Keys.FirstOrDefault(n => !inputs.ContainsKey(n)) is { } unknown)
        {
            throw new UsageException(
                $"{SessionFailure.Quote(name)} has no input '{unknown}' to give a shape to; it has "
                    + $"{string.Join(", ", inputs.Keys.Select(k => $"'{k}'"))}.");
        }
    }

    /// <summary>The shapes that the graph already carries, with the batch's symbol replaced; null where anything else is open.</summary>
    private static ConcreteShapes? FromSymbols(Graph graph, Dictionary<string, long[]> inputs, long batch)
    {
        var symbols = graph.FedInputs.Select(i => i.Shape is { Rank: > 0 } s ? s[0].Symbol : null).OfType<string>().ToHashSet();
        var shapes = new Dictionary<Value, Shape>();
        foreach (var value in graph.Values)
        {
            if (value.Shape is not { } shape)
            {
                if (Matters(value))
                {
                    return null;
                }

                continue;
            }

            var dims = new Dim[shape.Rank];
            for (var i = 0; i < dims.Length; i++)
            {
                dims[i] = shape[i].Symbol is { } symbol && symbols.Contains(symbol) ? new Dim(batch) : shape[i];
                if (!dims[i].IsKnown && Matters(value))
                {
                    return null;
                }
            }

            shapes.Add(value, new Shape(dims));
        }

        return new ConcreteShapes(inputs, shapes);
    }

    // Sizes and pads that the graph computes (int64, int32) carry no channels, and what nobody reads costs nothing.
    private static bool Matters(Value value) =>
        (value.Uses.Count > 0 || value.IsGraphOutput)
            && value.ElementType is not (ElementType.Int64 or ElementType.Int32 or ElementType.Bool);
}
