using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// A model loaded by ONNX Runtime. Failures of the runtime come out as <see cref="UnsupportedModelException"/> with one sentence,
/// inputs that do not fit as <see cref="UsageException"/>. Whoever opens a session disposes it.
/// </summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private volatile bool _isLate;

    private OnnxSession(
        string model,
        SessionSettings settings,
        Func<SessionOptions, InferenceSession> open,
        string? folder,
        IReadOnlyDictionary<string, Tensor>? weights)
    {
        Model = model;
        Settings = settings;
        using var options = settings.ToOptions(folder);
        try
        {
            using var given = weights is { Count: > 0 } ? new ExternalInitializers(options, weights) : null;
            _session = open(options);
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionFailure.ForLoading(model, e);
        }

        Inputs = Describe(_session.InputNames, _session.InputMetadata);
        Outputs = Describe(_session.OutputNames, _session.OutputMetadata);
    }

    /// <summary>The model's name in messages: its path, or what the caller named it.</summary>
    public string Model { get; }

    public SessionSettings Settings { get; }

    /// <summary>The inputs that must be fed, in the model's order.</summary>
    public IReadOnlyList<ValueDescription> Inputs { get; }

    public IReadOnlyList<ValueDescription> Outputs { get; }

    internal InferenceSession Inner => _session;

    /// <summary>Loads a file; external data are read from its folder.</summary>
    /// <param name="weights">
    /// External data that are in memory already (see <see cref="OnnxFile.ExternalWeights(Graphs.Model)"/>). ONNX Runtime would map the
    /// files, and a mapped file that somebody cuts short ends the process.
    /// </param>
    /// <exception cref="UsageException">The file does not exist, or the provider is not there.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model.</exception>
    public static OnnxSession Open(string path, SessionSettings? settings = null, IReadOnlyDictionary<string, Tensor>? weights = null)
    {
        InputFile.Check(path);
        return new OnnxSession(
            path, settings ?? new SessionSettings(), options => new InferenceSession(path, options), folder: null, weights);
    }

    /// <summary>Loads a model from the bytes of an ONNX file.</summary>
    /// <param name="folder">Where external data lie; null when there are none.</param>
    /// <param name="name">How messages call the model.</param>
    /// <param name="weights">External data that are in memory already.</param>
    /// <exception cref="UsageException">The provider is not there.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model.</exception>
    public static OnnxSession Open(
        byte[] model,
        string? folder = null,
        SessionSettings? settings = null,
        string name = "the model",
        IReadOnlyDictionary<string, Tensor>? weights = null) =>
        new(name, settings ?? new SessionSettings(), options => new InferenceSession(model, options), folder, weights);

    /// <inheritdoc cref="Open(byte[], string, SessionSettings, string, IReadOnlyDictionary{string, Tensor})"/>
    public static OnnxSession Open(Model model, SessionSettings? settings = null, string name = "the model") =>
        Open(OnnxFile.ToBytes(model), model.Folder, settings, name, OnnxFile.ExternalWeights(model));

    /// <summary>Runs on named inputs and gives all outputs by name, in the model's order.</summary>
    /// <exception cref="UsageException">An input is missing, unknown, or has the wrong element type or shape.</exception>
    /// <exception cref="UnsupportedModelException">The runtime fails, or an output is no tensor of numbers.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs) =>
        Run(inputs, Outputs.Select(o => o.Name).ToArray());

    /// <summary>The same, for some of the outputs.</summary>
    public IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, IReadOnlyCollection<string> outputs)
    {
        using var feed = Feed(inputs);
        using var results = Run(feed, outputs);
        var tensors = new Dictionary<string, Tensor>();
        var i = 0;
        foreach (var name in outputs)
        {
            tensors[name] = RuntimeTensor.ToTensor(results[i++], $"{SessionFailure.Quote(Model)}: output '{name}'");
        }

        return tensors;
    }

    /// <summary>The same with the runtime's own values; the caller disposes the result.</summary>
    internal IDisposableReadOnlyCollection<OrtValue> Run(Feed feed, IReadOnlyCollection<string> outputs)
    {
        return Run(feed.Values, outputs);
    }

    /// <summary>The same on values that the runtime holds already, unchecked; they stay the caller's.</summary>
    internal IDisposableReadOnlyCollection<OrtValue> Run(
        IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyCollection<string> outputs) =>
        Limited(run => _session.Run(run, inputs, outputs));

    /// <summary>One run of <see cref="Inner"/>, under the limit of time that holds for all.</summary>
    /// <exception cref="UnsupportedModelException">It takes longer, or the runtime fails.</exception>
    internal T Limited<T>(Func<RunOptions, T> run)
    {
        using var clock = new Timer(_ => EndLate(), null, Settings.RunLimit, Timeout.InfiniteTimeSpan);
        try
        {
            return run(_runOptions);
        }
        catch (OnnxRuntimeException e) when (_isLate)
        {
            throw new UnsupportedModelException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{SessionFailure.Quote(Model)}: one run of the model is not done in {Settings.RunLimit.TotalSeconds:0.#} s; "
                        + $"{RunLimits.MoreTime}."), e);
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionFailure.ForRunning(Model, e);
        }
    }

    private void EndLate()
    {
        _isLate = true;
        try
        {
            // The runtime looks at it between operators, those of loops included.
            _runOptions.Terminate = true;
        }
        catch (ObjectDisposedException)
        {
            // The session was closed in the same moment.
        }
    }

    /// <summary>Copies the inputs into the runtime after checking them.</summary>
    internal Feed Feed(IReadOnlyDictionary<string, Tensor> inputs)
    {
        CheckInputs(inputs);
        return new Feed(inputs);
    }

    private void CheckInputs(IReadOnlyDictionary<string, Tensor> inputs)
    {
        foreach (var name in inputs.Keys)
        {
            if (!Inputs.Any(i => i.Name == name))
            {
                throw new UsageException($"{SessionFailure.Quote(Model)} has no input '{name}'; it has {Names()}.");
            }
        }

        foreach (var input in Inputs)
        {
            if (!inputs.TryGetValue(input.Name, out var tensor))
            {
                throw new UsageException($"{SessionFailure.Quote(Model)} wants the input {input}, which is not given.");
            }

            if (tensor.ElementType != input.ElementType || !Fits(tensor, input.Shape))
            {
                throw new UsageException($"{SessionFailure.Quote(Model)} wants the input {input}, but is given {tensor}.");
            }
        }
    }

    private static bool Fits(Tensor tensor, Shape shape)
    {
        // Rank 0 also means that the rank is unknown; the runtime itself decides then.
        if (shape.Rank == 0)
        {
            return true;
        }

        if (tensor.Rank != shape.Rank)
        {
            return false;
        }

        for (var i = 0; i < shape.Rank; i++)
        {
            if (shape[i].Size is { } size && size != tensor.Dims[i])
            {
                return false;
            }
        }

        return true;
    }

    private string Names() => string.Join(", ", Inputs.Select(i => $"'{i.Name}'"));

    private static ValueDescription[] Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata)
    {
        var descriptions = new ValueDescription[names.Count];
        for (var i = 0; i < descriptions.Length; i++)
        {
            descriptions[i] = ValueDescription.Of(names[i], metadata[names[i]]);
        }

        return descriptions;
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
