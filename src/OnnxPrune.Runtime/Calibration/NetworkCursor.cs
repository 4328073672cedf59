using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration;

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
    private Dictionary<Value, OrtValue>[] _held;
    private int _place = -1;

    /// <param name="batches">The inputs of each batch; copied.</param>
    public NetworkCursor(Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings)
    {
        (_model, _settings) = (model, settings with { TakesTurns = true });
        _order = model.Graph.TopologicalOrder();
        _places = _order.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        _held = [.. batches.Select(b => b.ToDictionary(i => model.Graph.Find(i.Key)!, i => RuntimeTensor.ToOrtValue(i.Value)))];
    }

    public Model Model => _model;

    public int Batches => _held.Length;

    /// <summary>The place of a node in the order in which the cursor moves.</summary>
    public int PlaceOf(Node node) => _places[node];

    /// <summary>Whether a value lies behind the cursor: changes of weights before the cursor cannot reach it.</summary>
    public bool HasPassed(Value value) => value.Producer is { } producer && _places[producer] <= _place;

    /// <summary>Computes values that lie before the next place for every batch in turn; they are released when the next batch is asked for.</summary>
    public IEnumerable<IReadOnlyDictionary<Value, OrtValue>> Look(IReadOnlyCollection<Value> values)
    {
        var wanted = values.Distinct().ToArray();
        var held = Inputs();
        var made = wanted.Where(v => !held.Contains(v)).ToArray();
        using var session = made.Length == 0 ? null : Open(made);
        foreach (var batch in _held)
        {
            using var results = session?.Run(Names(batch, session), Array.ConvertAll(made, v => v.Name));
            yield return wanted.ToDictionary(v => v, v => batch.TryGetValue(v, out var known) ? known : results![Array.IndexOf(made, v)]);
        }
    }

    /// <summary>Moves behind a place: computes what later nodes read, and lets go of the rest. It never moves back.</summary>
    public void MoveBehind(int place)
    {
        if (place <= _place)
        {
            return;
        }

        _place = place;
        var live = LiveAfter(place).ToHashSet();
        var held = Inputs();
        var made = live.Where(v => !held.Contains(v)).ToArray();
        using var session = made.Length == 0 ? null : Open(made);
        for (var i = 0; i < _held.Length; i++)
        {
            var next = new Dictionary<Value, OrtValue>();
            if (session is not null)
            {
                // The collection is a list of values of their own; each is disposed when it leaves the cursor.
                var results = session.Run(Names(_held[i], session), Array.ConvertAll(made, v => v.Name));
                for (var k = 0; k < made.Length; k++)
                {
                    next.Add(made[k], results[k]);
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

        _held = [];
    }

    private HashSet<Value> Inputs() => _held.Length == 0 ? [] : [.. _held[0].Keys];

    private static Dictionary<string, OrtValue> Names(Dictionary<Value, OrtValue> batch, OnnxSession session)
    {
        var wanted = session.Inputs.Select(i => i.Name).ToHashSet();
        return batch.Where(p => wanted.Contains(p.Key.Name)).ToDictionary(p => p.Key.Name, p => p.Value);
    }

    private OnnxSession Open(IReadOnlyCollection<Value> outputs) =>
        OnnxSession.Open(ModelSketch.Excerpt(_model, Inputs(), outputs).ToBytes(), _model.Folder, _settings, "a part of the model");

    /// <summary>What nodes behind a place read of the nodes up to it, or of the graph's inputs.</summary>
    private IEnumerable<Value> LiveAfter(int place) => _order
        .Skip(place + 1)
        .SelectMany(n => n.Inputs.Concat(n.Captures))
        .OfType<Value>()
        .Where(v => v.Producer is { } producer ? _places[producer] <= place && DependsOnInputs(producer) : v is { IsGraphInput: true, IsInitializer: false })
        .Distinct();

    // Constants are part of every excerpt; carrying them along would cost memory for nothing.
    private bool DependsOnInputs(Node node)
    {
        if (_dependent is null)
        {
            _dependent = [];
            foreach (var next in _order)
            {
                if (next.Inputs.Concat(next.Captures).OfType<Value>().Any(v => v.Producer is { } p ? _dependent.Contains(p) : v is { IsGraphInput: true, IsInitializer: false }))
                {
                    _dependent.Add(next);
                }
            }
        }

        return _dependent.Contains(node);
    }

    private HashSet<Node>? _dependent;
}
