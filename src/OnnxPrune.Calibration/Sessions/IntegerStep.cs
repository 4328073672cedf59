using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>The last step of a run with integers: quantizes what was pruned and repaired, races both, and keeps the faster one.</summary>
internal sealed class IntegerStep(LoadedModel original, MeasureOptions measure, IRunObserver observer)
{
    /// <summary>The refusal of a request that has nothing to take ranges from.</summary>
    public static UsageException NoInputs() =>
        new("--int8 takes the ranges of the integers from what the network computes on its inputs: give some hundred of them by --calib.");

    /// <summary>The same network with integers where these are faster, and with the finding in either case.</summary>
    public PruningResult Apply(PruningResult pruned)
    {
        if (Providers.Resolve(measure.Sessions.Provider) == ExecutionProvider.Cuda)
        {
            return pruned with
            {
                Quantization = new QuantizationFinding(null, 0, [], null, "ONNX Runtime's CUDA provider has no integer Conv")
            };
        }

        // A cut leaves shapes that are out of date.
        var model = pruned.Model.Clone();
        foreach (var value in model.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>())
        {
            value.Shape = null;
        }

        ShapeInference.Infer(model, name: "the pruned model");
        QuantizedNetwork network;
        try
        {
            network = observer.Watched(StepNames.Quantizing, progress =>
                PostTrainingQuantizer.Run(
                    model,
                    CalibrationInputs.Of(original, measure, pruned.Outcome.Before).Batches,
                    IntegerProducts.SchemeOfThisMachine,
                    measure.Sessions,
                    progress,
                    observer.Cancellation));
        }
        catch (UnsupportedModelException e)
        {
            return pruned with { Quantization = new QuantizationFinding(null, 0, [], null, e.Message.TrimEnd('.')) };
        }

        using var floats = OnnxSession.Open(pruned.Model, measure.Sessions, "the pruned model");
        using var integers = OnnxSession.Open(network.Model, measure.Sessions, "the quantized model");
        var race = observer.Watched(StepNames.Latency, progress =>
            InterleavedBenchmark.Run([floats, integers], DriftInputs.Synthetic(original, measure, floats, 0), progress: progress));
        var slower = race.Speedup > 1 ? null : FormattableString.Invariant($"int8 was {race.Speedup:0.00} times as fast here");
        return pruned with
        {
            Quantization =
            new QuantizationFinding(slower is null ? network.Model : null, network.IntegerLayers, network.Islands, race, slower)
        };
    }
}
