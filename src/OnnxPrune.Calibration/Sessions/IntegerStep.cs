using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The step of a run to integers: quantizes what was pruned and repaired, leaves layers float until the limits of loss hold, races both
/// networks, and keeps the faster one.
/// </summary>
/// <param name="request">Its limits are kept.</param>
internal sealed class IntegerStep(LoadedModel original, PruningOptions request, MeasureOptions measure, IRunObserver observer)
{
    private const int SessionsOfGain = 3;

    /// <summary>The integers of what the network is meant for, or of the machine that it runs on; null where these have none.</summary>
    public QuantizationScheme? Scheme { get; } = request.For != DeploymentTarget.Here ? request.For.Scheme
        : Providers.Resolve(measure.Sessions.Provider) == ExecutionProvider.Cuda ? null
        : IntegerProducts.SchemeOfThisMachine;

    /// <summary>The refusal of a request that has nothing to take ranges from.</summary>
    public static UsageException NoInputs() =>
        new("--int8 takes the ranges of the integers from what the network computes on its inputs: give some hundred of them by --calib.");

    /// <summary>True if integers make the original faster, so that it is worth planning with their times.</summary>
    public bool IsFaster() => observer.Timed("race integers against floats", () =>
    {
        try
        {
            return Scheme is not null && Race(original.Model, WithAnyRanges(original.Model), PairedBenchmark.Short).Speedup > 1;
        }
        catch (UnsupportedModelException)
        {
            return false;
        }
    });

    /// <summary>
    /// The speed of a cut network as a multiple of the original's, both in integers: the median over sessions, since those of one file
    /// differ.
    /// </summary>
    /// <param name="whole">The original <see cref="WithAnyRanges"/>.</param>
    /// <param name="cut">With floats.</param>
    public double Gain(Model whole, Model cut)
    {
        var integers = WithAnyRanges(cut);
        return Enumerable.Range(0, SessionsOfGain).Select(_ => Race(whole, integers, PairedBenchmark.Short).Speedup).Order()
            .ElementAt(SessionsOfGain / 2);
    }

    /// <summary>The network with integers in the time that they take, whatever they compute.</summary>
    /// <exception cref="UnsupportedModelException">It cannot be brought to integers.</exception>
    public Model WithAnyRanges(Model model) => QuantizationDraft.Of(WithShapes(model), Scheme!).WithAnyRanges();

    /// <summary>The same network with integers where these are faster or for another runtime, and with the finding either way.</summary>
    public PruningResult Apply(PruningResult pruned)
    {
        if (Scheme is null)
        {
            return Float("ONNX Runtime's CUDA provider has no integer Conv");
        }

        QuantizedNetwork? network;
        try
        {
            network = Quantize(WithShapes(pruned.Model), pruned.Outcome.Before, out var why);
            if (network is null)
            {
                return Float(why!);
            }
        }
        catch (UnsupportedModelException e)
        {
            return Float(e.Message.TrimEnd('.'));
        }

        Provenance.Add(network.Model, $"8-bit integers for {request.For.NameWith(Scheme)}");
        var race = observer.Watched(StepNames.Latency, progress => Race(pruned.Model, network.Model, PairedBenchmark.Long, progress));
        var slower = race.Speedup > 1 || !request.For.IsTimedHere
            ? null
            : FormattableString.Invariant($"int8 was {race.Speedup:0.00} times as fast here");
        return pruned with
        {
            Quantization =
                new QuantizationFinding(slower is null ? network.Model : null, network.IntegerLayers, network.Islands, race, slower)
        };

        PruningResult Float(string reason) => pruned with { Quantization = new QuantizationFinding(null, 0, [], null, reason) };
    }

    /// <summary>All layers that can be integers, or as many as the limits allow.</summary>
    /// <param name="why">Why there are none, as a clause; null where there are some.</param>
    private QuantizedNetwork? Quantize(Model model, Planning.Cost before, out string? why)
    {
        why = null;
        using var limits = request.HasLimits ? new LossLimits(original, measure, request.MaxDrift, request.MaxDrop) : null;
        if (limits?.Measure(model).IsWithin == false)
        {
            why = "the floats miss the limits already";
            return null;
        }

        var quantizer = observer.Watched(StepNames.Quantizing, progress => new PostTrainingQuantizer(
            model, CalibrationInputs.Of(original, measure, before).Batches, Scheme!, measure.Sessions, progress, observer.Cancellation));
        if (limits is null)
        {
            return quantizer.All();
        }

        why = "no layer can compute with integers within the limits";
        return LimitedQuantization.Run(quantizer, limits, Savings, observer);

        IReadOnlyDictionary<string, double> Savings() => MeasuredTimes.Savings(
            model, new CostShapes(new ConstantValues(), original.ConcreteOf(model)?.Values), measure.Sessions, Scheme!);
    }

    private LatencyReport Race(Model floats, Model integers, RaceSettings settings, IProgress<double>? progress = null)
    {
        using var first = OnnxSession.Open(floats, measure.Sessions, "the pruned model");
        using var second = OnnxSession.Open(integers, measure.Sessions, "the quantized model");
        return InterleavedBenchmark.Run([first, second], DriftInputs.Synthetic(original, measure, first, 0), settings, progress);
    }

    /// <summary>A copy with the shapes that a cut left behind out of date.</summary>
    private static Model WithShapes(Model model)
    {
        var copy = model.Clone();
        foreach (var value in copy.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>())
        {
            value.Shape = null;
        }

        ShapeInference.Infer(copy, name: "the pruned model");
        return copy;
    }
}
