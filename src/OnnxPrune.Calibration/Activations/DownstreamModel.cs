using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// Runs the part of the network downstream of one value. Where weights upstream change again and again, only the part between the executor
/// and the value is loaded anew each time: to load a network takes about as long as to run it on some images.
/// </summary>
internal sealed class DownstreamModel : IDisposable
{
    private readonly LayerwiseExecutor _cursor;
    private readonly OnnxSession _session;
    private readonly Value[] _read;
    private readonly IReadOnlyList<Value> _outputs;

    /// <param name="cursor">Stays where it is as long as the tail is used, as do all weights behind the value.</param>
    /// <param name="session">Makes the outputs of the value and of what the cursor holds.</param>
    public DownstreamModel(LayerwiseExecutor cursor, OnnxSession session, IReadOnlyList<Value> outputs)
    {
        (_cursor, _session, _outputs) = (cursor, session, outputs);
        _read = [.. session.Inputs.Select(i => cursor.Model.Graph.Find(i.Name)!)];
    }

    public Model Model => _cursor.Model;

    /// <summary>The outputs for every batch in turn; they are released when the next batch is asked for.</summary>
    public IEnumerable<BatchValues> Look()
    {
        var names = _outputs.Select(o => o.Name).ToArray();
        using var view = _cursor.View(_read);
        foreach (var batch in OrderedParallel.Lend(_cursor.Batches, _cursor.AtOnce, Of))
        {
            yield return batch;
        }

        BatchValues Of(int i)
        {
            using var read = view.Of(i);
            var results = _session.Run(_read.ToDictionary(v => v.Name, v => read[v]), names);
            return new BatchValues(_outputs.Zip(results).ToDictionary(p => p.First, p => p.Second), results);
        }
    }

    public void Dispose() => _session.Dispose();
}
