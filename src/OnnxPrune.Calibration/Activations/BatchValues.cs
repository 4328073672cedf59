using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Activations;

/// <summary>Some of a network's values for one batch.</summary>
/// <param name="values">Stay valid until this is disposed.</param>
/// <param name="owned">Is disposed with it.</param>
internal sealed class BatchValues(IReadOnlyDictionary<Value, OrtValue> values, params IDisposable?[] owned) : IDisposable
{
    public OrtValue this[Value value] => values[value];

    public bool TryGetValue(Value value, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out OrtValue? found) =>
        values.TryGetValue(value, out found);

    public void Dispose() => Array.ForEach(owned, o => o?.Dispose());
}
