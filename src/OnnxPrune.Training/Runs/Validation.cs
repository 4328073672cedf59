using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Training.Runs;

/// <summary>The accuracy of exported models on ONNX Runtime.</summary>
/// <param name="indices">Which samples; null for all.</param>
internal sealed class Validation(IDataSource data, IReadOnlyList<int>? indices, SessionSettings settings)
{
    private const int Batch = 64;

    public int Samples => indices?.Count ?? data.Count;

    /// <summary>The share of samples whose largest output is the label.</summary>
    public double Measure(Model model)
    {
        using var session = OnnxSession.Open(model, settings);
        return AccuracyMeter.Measure([session], data, indices, Batch).Models[0].Top1!.Value;
    }
}
