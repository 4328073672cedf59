using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// A network that is run piece by piece over the same batches: it stands after some node of the topological order and holds, for
/// each batch, the values that later nodes still read. Weights behind the cursor may change at any time.
/// </summary>
internal sealed class LayerwiseExecutor : IDisposable
{
    private readonly Model _model;
    private readonly IReadOnlyList<Node> _order;
    private readonly Dictionary<Node, int> _places;
    private readonly HashSet<Node> _dependent = [];
    private readonly ActivationStore _store;
    private readonly Dictionary<Value, ActivationStore.Held>[] _held;
    private int _place = -1;

    /// <param name="batches">The inputs of each batch; copied.</param>
    /// <param name="store">Holds the values, and is disposed with the cursor; null for one of the usual size.</param>
    public LayerwiseExecutor(
        Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings, ActivationStore? store = null)
    {
        (_model, _store) = (model, store ?? new ActivationStore());
        _order = model.Graph.TopologicalOrder();
        _places = _order.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        foreach (var node in _order.Where(n => n.Inputs.Concat(n.Captures).OfType<Value>().Any(DependsOnInputs)))
        {
            _dependent.Add(node);
        }

        var elements = 0L;
        _held = [.. batches.Select(b =>
        {
            elements = Math.Max(elements, b.Values.Sum(t => (long)t.Count));
            return b.ToDictionary(i => model.Graph.Find(i.Key)!, i => _store.Keep(RuntimeTensor.ToOrtValue(i.Value)));
        })];
        Threads = settings.Threads > 0 ? settings.Threads : Environment.ProcessorCount;
        AtOnce = OrderedParallel.AtOnce(_held.Length, elements, Threads);
        Settings = settings with { Threads = Threads - AtOnce + 1 };
    }

    public Model Model => _model;

    public int Batches => _held.Length;

    /// <summary>State that all work on the network shares.</summary>
    public int Threads { get; }

    /// <summary>The number of batches that are worked on at once.</summary>
    public int AtOnce { get; }

    /// <summary>For sessions that work on so many batches at once.</summary>
    public SessionSettings Settings { get; }

    /// <summary>The place of a node in the order in which the cursor moves.</summary>
    public int PlaceOf(Node node) => _places[node];

    /// <summary>The place of the node that makes a value; before all others for an input.</summary>
    public int PlaceOf(Value value) => value.Producer is { } producer ? _places[producer] : -1;

    /// <summary>True if a value lies behind the cursor: changes of weights before the cursor cannot reach it.</summary>
    public bool HasPassed(Value value) => value.Producer is not null && PlaceOf(value) <= _place;

    /// <summary>True if a value can be looked at, now or from a later place: it is held, or lies before the cursor.</summary>
    public bool Reaches(Value value) => !HasPassed(value) || Inputs().Contains(value);

    /// <summary>
    /// Computes values that lie before the next place for every batch in turn; they are released when the next batch is asked for.
    /// </summary>
    public IEnumerable<BatchValues> Look(IReadOnlyCollection<Value> values)
    {
        using var view = View(values);
        foreach (var batch in OrderedParallel.Lend(Batches, AtOnce, view.Of))
        {
            yield return batch;
        }
    }

    /// <summary>The same for any batch, as long as the cursor stays where it is and no weights change.</summary>
    public ActivationReader View(IReadOnlyCollection<Value> values)
    {
        var wanted = values.Distinct().ToArray();
        var held = Inputs();
        var made = wanted.Where(v => !held.Contains(v)).ToArray();
        return new ActivationReader(_held, made.Length == 0 ? null : Open(made), wanted, made);
    }

    /// <summary>The part of the network that makes outputs of a value that lies before the cursor, and is none of them.</summary>
    public DownstreamModel Behind(Value value, IReadOnlyList<Value> outputs) => new(this, Open(outputs, [.. Inputs(), value]), outputs);

    /// <summary>Moves behind a place: computes what later nodes read, and lets go of the rest. It never moves back.</summary>
    /// <param name="also">What is held besides, as far as it does not lie behind the place: to be looked at later.</param>
    public void MoveBehind(int place, IEnumerable<Value>? also = null)
    {
        if (place <= _place)
        {
            return;
        }

        _place = place;
        var live = LiveAfter(place).Concat((also ?? []).Where(v => PlaceOf(v) <= place && DependsOnInputs(v))).ToHashSet();
        var held = Inputs();
        var made = live.Where(v => !held.Contains(v)).ToArray();
        using var view = new ActivationReader(_held, made.Length == 0 ? null : Open(made), made, made);
        var i = 0;
        foreach (var results in OrderedParallel.Run(made.Length == 0 ? 0 : Batches, AtOnce, view.Run))
        {
            // The collection is a list of values of their own; each is disposed when it leaves the cursor.
            Replace(i++, live, made.Zip(results));
        }

        for (; i < Batches; i++)
        {
            Replace(i, live, []);
        }
    }

    public void Dispose()
    {
        foreach (var value in _held.SelectMany(b => b.Values))
        {
            value.Dispose();
        }

        Array.Clear(_held);
        _store.Dispose();
    }

    /// <summary>Keeps of one batch what is live, and what was made.</summary>
    private void Replace(int batch, HashSet<Value> live, IEnumerable<(Value Value, OrtValue Made)> made)
    {
        var next = made.ToDictionary(m => m.Value, m => _store.Keep(m.Made));
        foreach (var (value, tensor) in _held[batch])
        {
            if (live.Contains(value))
            {
                next.Add(value, tensor);
            }
            else
            {
                tensor.Dispose();
            }
        }

        _held[batch] = next;
    }

    private HashSet<Value> Inputs() => _held.Length == 0 ? [] : [.. _held[0].Keys];

    private OnnxSession Open(IReadOnlyCollection<Value> outputs, IReadOnlyCollection<Value>? inputs = null) =>
        OnnxSession.Open(
            SubmodelBuilder.Extract(_model, inputs ?? Inputs(), outputs).ToBytes(), _model.Folder, Settings, "a part of the model");

    /// <summary>Values that nodes behind a place read of the nodes up to it, or of the graph's inputs.</summary>
    private IEnumerable<Value> LiveAfter(int place) => _order
        .Skip(place + 1)
        .SelectMany(n => n.Inputs.Concat(n.Captures))
        .OfType<Value>()
        .Where(v => PlaceOf(v) <= place && DependsOnInputs(v))
        .Distinct();

    // Constants are part of every excerpt; carrying them along would cost memory for nothing.
    private bool DependsOnInputs(Value value) =>
        value.Producer is { } producer ? _dependent.Contains(producer) : value is { IsGraphInput: true, IsInitializer: false };
}
