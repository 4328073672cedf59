using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration.Activations;

/// <summary>
/// A network that is run piece by piece over the same batches: it stands after some node of the topological order and holds, for
/// each batch, the values that later nodes still read. Weights behind the cursor may change at any time.
/// </summary>
internal sealed class NetworkCursor : IDisposable
{
    private readonly Model _model;
    private readonly SessionSettings _settings;
    private readonly IReadOnlyList<Node> _order;
    private readonly Dictionary<Node, int> _places;
    private readonly HashSet<Node> _dependent = [];
    private readonly ActivationStore _store;
    private readonly Dictionary<Value, ActivationStore.Held>[] _held;
    private int _place = -1;

    /// <param name="batches">The inputs of each batch; copied.</param>
    /// <param name="store">Holds the values, and is disposed with the cursor; null for one of the usual size.</param>
    public NetworkCursor(Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings, ActivationStore? store = null)
    {
        (_model, _settings, _store) = (model, settings with { TakesTurns = true }, store ?? new ActivationStore());
        _order = model.Graph.TopologicalOrder();
        _places = _order.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        foreach (var node in _order.Where(n => n.Inputs.Concat(n.Captures).OfType<Value>().Any(DependsOnInputs)))
        {
            _dependent.Add(node);
        }

        _held = [.. batches.Select(b => b.ToDictionary(i => model.Graph.Find(i.Key)!, i => _store.Keep(RuntimeTensor.ToOrtValue(i.Value))))];
    }

    public Model Model => _model;

    public int Batches => _held.Length;

    /// <summary>The place of a node in the order in which the cursor moves.</summary>
    public int PlaceOf(Node node) => _places[node];

    /// <summary>The place of the node that makes a value; before all others for an input.</summary>
    public int PlaceOf(Value value) => value.Producer is { } producer ? _places[producer] : -1;

    /// <summary>Whether a value lies behind the cursor: changes of weights before the cursor cannot reach it.</summary>
    public bool HasPassed(Value value) => value.Producer is not null && PlaceOf(value) <= _place;

    /// <summary>Computes values that lie before the next place for every batch in turn; they are released when the next batch is asked for.</summary>
    public IEnumerable<IReadOnlyDictionary<Value, OrtValue>> Look(IReadOnlyCollection<Value> values)
    {
        var wanted = values.Distinct().ToArray();
        var held = Inputs();
        var made = wanted.Where(v => !held.Contains(v)).ToArray();
        using var session = made.Length == 0 ? null : Open(made);
        foreach (var batch in _held)
        {
            using var loaded = new Loaded(batch, session, wanted);
            using var results = session?.Run(loaded.Feed, Array.ConvertAll(made, v => v.Name));
            yield return wanted.ToDictionary(v => v, v => held.Contains(v) ? loaded[v] : results![Array.IndexOf(made, v)]);
        }
    }

    /// <summary>The part of the network that makes outputs of a value that lies before the cursor, and is none of them.</summary>
    public NetworkTail Behind(Value value, IReadOnlyList<Value> outputs) => new(this, Open(outputs, [.. Inputs(), value]), outputs);

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
        using var session = made.Length == 0 ? null : Open(made);
        for (var i = 0; i < _held.Length; i++)
        {
            var next = new Dictionary<Value, ActivationStore.Held>();
            if (session is not null)
            {
                using var loaded = new Loaded(_held[i], session, []);
                // The collection is a list of values of their own; each is disposed when it leaves the cursor.
                var results = session.Run(loaded.Feed, Array.ConvertAll(made, v => v.Name));
                for (var k = 0; k < made.Length; k++)
                {
                    next.Add(made[k], _store.Keep(results[k]));
                }
            }

            foreach (var (value, tensor) in _held[i])
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

            _held[i] = next;
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

    private HashSet<Value> Inputs() => _held.Length == 0 ? [] : [.. _held[0].Keys];

    private OnnxSession Open(IReadOnlyCollection<Value> outputs, IReadOnlyCollection<Value>? inputs = null) =>
        OnnxSession.Open(ModelSketch.Excerpt(_model, inputs ?? Inputs(), outputs).ToBytes(), _model.Folder, _settings, "a part of the model");

    /// <summary>What nodes behind a place read of the nodes up to it, or of the graph's inputs.</summary>
    private IEnumerable<Value> LiveAfter(int place) => _order
        .Skip(place + 1)
        .SelectMany(n => n.Inputs.Concat(n.Captures))
        .OfType<Value>()
        .Where(v => PlaceOf(v) <= place && DependsOnInputs(v))
        .Distinct();

    // Constants are part of every excerpt; carrying them along would cost memory for nothing.
    private bool DependsOnInputs(Value value) => value.Producer is { } producer ? _dependent.Contains(producer) : value is { IsGraphInput: true, IsInitializer: false };

    /// <summary>Values of one batch for one run: those that a session reads, and others.</summary>
    private sealed class Loaded : IDisposable
    {
        private readonly Dictionary<Value, OrtValue> _values = [];
        private readonly List<OrtValue> _copies = [];

        public Loaded(Dictionary<Value, ActivationStore.Held> batch, OnnxSession? session, IReadOnlyCollection<Value> others)
        {
            var read = session?.Inputs.Select(i => i.Name).ToHashSet() ?? [];
            try
            {
                foreach (var (value, held) in batch.Where(p => read.Contains(p.Key.Name) || others.Contains(p.Key)))
                {
                    _values.Add(value, held.Load(_copies));
                }
            }
            catch
            {
                Dispose();
                throw;
            }

            Feed = _values.Where(p => read.Contains(p.Key.Name)).ToDictionary(p => p.Key.Name, p => p.Value);
        }

        /// <summary>What the session reads.</summary>
        public IReadOnlyDictionary<string, OrtValue> Feed { get; }

        public OrtValue this[Value value] => _values[value];

        public void Dispose() => _copies.ForEach(c => c.Dispose());
    }
}
