using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Activations;

/// <summary>Computes the same values of any batch from what a cursor holds of it. Several threads may ask at once.</summary>
/// <param name="held">What the cursor holds, batch by batch.</param>
/// <param name="session">Makes what is not held; null where everything is. Disposed with the view.</param>
/// <param name="wanted">The values.</param>
/// <param name="made">Those of them that the session makes.</param>
internal sealed class ActivationReader(
    IReadOnlyList<IReadOnlyDictionary<Value, ActivationStore.Held>> held, OnnxSession? session, Value[] wanted, Value[] made)
    : IDisposable
{
    private readonly string[] _names = Array.ConvertAll(made, v => v.Name);

    private readonly HashSet<string> _read = session?.Inputs.Select(i => i.Name).ToHashSet() ?? [];

    /// <summary>The values of one batch.</summary>
    public BatchValues Of(int batch)
    {
        var loaded = new Loaded(held[batch], v => _read.Contains(v.Name) || wanted.Contains(v));
        try
        {
            var results = session?.Run(loaded.Feed(_read), _names);
            return new BatchValues(
                wanted.ToDictionary(v => v, v => Array.IndexOf(made, v) is >= 0 and var i ? results![i] : loaded[v]), results, loaded);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Those alone that the session makes, in the order in which they were given, as values of their own. There must be some.
    /// </summary>
    public IDisposableReadOnlyCollection<OrtValue> Run(int batch)
    {
        using var loaded = new Loaded(held[batch], v => _read.Contains(v.Name));
        return session!.Run(loaded.Feed(_read), _names);
    }

    public void Dispose() => session?.Dispose();

    /// <summary>Some of what is held of one batch, in memory.</summary>
    private sealed class Loaded : IDisposable
    {
        private readonly Dictionary<Value, OrtValue> _values = [];
        private readonly List<OrtValue> _copies = [];

        public Loaded(IReadOnlyDictionary<Value, ActivationStore.Held> batch, Predicate<Value> isWanted)
        {
            try
            {
                foreach (var (value, held) in batch.Where(p => isWanted(p.Key)))
                {
                    _values.Add(value, held.Load(_copies));
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public OrtValue this[Value value] => _values[value];

        public IReadOnlyDictionary<string, OrtValue> Feed(HashSet<string> names) =>
            _values.Where(p => names.Contains(p.Key.Name)).ToDictionary(p => p.Key.Name, p => p.Value);

        public void Dispose() => _copies.ForEach(c => c.Dispose());
    }
}
