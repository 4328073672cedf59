using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>A model in memory with the shapes of all its values.</summary>
/// <param name="Concrete">The shapes at one definite size of the inputs; null where the model loads at none that was tried.</param>
/// <param name="Bytes">What it takes on disk, external data included.</param>
/// <param name="Cleared">A copy of the file's model without its subnormal weights; null where it has none.</param>
internal sealed record LoadedModel(string Path, Model Model, ConcreteShapes? Concrete, long Bytes, ClearedModel? Cleared)
{
    // Loading takes time with the square of their number: 300,000 take minutes.
    private const int ManyParts = 50_000;

    private NetworkAnalysis? _analysis;

    /// <summary>The file's external data by initializer, as they were when it was read.</summary>
    public required IReadOnlyDictionary<string, Tensor> Weights { get; init; }

    /// <summary>The path of those.</summary>
    public required IReadOnlyCollection<string> ExternalFiles { get; init; }

    /// <summary>True if functions were inlined, or fused operators taken apart.</summary>
    public bool IsRewritten { get; init; }

    /// <summary>Loads and runs the file once in a process of its own, where it has anything that the runtime might not survive.</summary>
    /// <exception cref="UnsupportedModelException">It did not, or took too long or too much memory.</exception>
    public void Try(IRunObserver observer) => observer.Timed("try the model", () => ModelTrial.Run(Path, Model, Concrete));

    /// <exception cref="UsageException">The path names no readable file, or an input shape does not fit.</exception>
    /// <exception cref="BrokenModelException">The file is no well-formed ONNX model.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model.</exception>
    public static LoadedModel Read(string path, MeasureOptions options, IRunObserver observer)
    {
        var read = observer.Timed("read the model", () => OnnxFile.Read(path));
        var weights = OnnxFile.ExternalWeights(read);
        var model = observer.Timed("inline functions", () => OnnxFile.WithoutFusions(OnnxFile.WithoutFunctions(read)));
        if (model.Graph.Initializers.Count + model.Graph.Nodes.Count is > ManyParts and var parts)
        {
            observer.Note(
                $"the model has {parts} nodes and initializers, so many that ONNX Runtime takes minutes whenever it loads them: to infer "
                    + "shapes now, and for each later run.");
        }

        observer.Timed("infer shapes", () => ShapeInference.Infer(model, name: path));
        var concrete = observer.Timed("infer concrete shapes", () => Concretize(model, path, options, observer));
        return new LoadedModel(path, model, concrete, OnnxFile.Length(path, read), ClearedModel.Of(model))
        {
            Weights = weights,
            ExternalFiles = OnnxFile.ExternalFiles(model),
            IsRewritten = !ReferenceEquals(read, model),
        };
    }

    /// <summary>A session over the file as it is; the caller disposes it.</summary>
    public OnnxSession Open(SessionSettings settings) => OnnxSession.Open(Path, settings, Weights);

    /// <summary>The removable parts of the model, found once.</summary>
    public NetworkAnalysis Analysis => _analysis ??= NetworkAnalysis.Of(Model, Concrete?.Values);

    /// <summary>The same with the time of each layer.</summary>
    public NetworkAnalysis Analyse(LayerTimes times) => NetworkAnalysis.Of(Model, Concrete?.Values, times);

    /// <summary>The concrete shapes for a model that was made from this one and kept the names of its values.</summary>
    public ConcreteShapes? ConcreteOf(Model other) => ReferenceEquals(other, Model) || Concrete is null ? Concrete : Concrete with
    {
        Values = Concrete.Values
            .Select(p => (Value: other.Graph.Find(p.Key.Name), Shape: p.Value))
            .Where(p => p.Value is not null)
            .ToDictionary(p => p.Value!, p => p.Shape),
    };

    private static ConcreteShapes? Concretize(Model model, string path, MeasureOptions options, IRunObserver observer)
    {
        try
        {
            return ConcreteShapes.Infer(model, options.InputShapes, name: path);
        }
        catch (UnsupportedModelException e) when (options.InputShapes is null)
        {
            observer.Note(
                "MACs count every unknown dimension as 1, since no size of the inputs was found that suits the model; --input-shape gives "
                    + $"one. ({e.Message})");
            return null;
        }
    }
}
