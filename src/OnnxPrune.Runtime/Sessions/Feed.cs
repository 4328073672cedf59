using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>Inputs by name, in memory that the runtime owns until this is disposed.</summary>
internal sealed class Feed : IDisposable
{
    private readonly Dictionary<string, OrtValue> _values = [];

    public Feed(IReadOnlyDictionary<string, Tensor> inputs)
    {
        foreach (var (name, tensor) in inputs)
        {
            _values.Add(name, RuntimeTensor.ToOrtValue(tensor));
        }
    }

    public IReadOnlyDictionary<string, OrtValue> Values => _values;

    public void Dispose()
    {
        foreach (var value in _values.Values)
        {
            value.Dispose();
        }
    }
}
