using Fuzzing.Mutations;
using Fuzzing.Runs;
using Fuzzing.Seeds;
using OnnxPrune;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace Fuzzing.Targets;

/// <summary>
/// Damaged models through ONNX Runtime: infer shapes, prune by random plans, run. Where the damaged model still runs, masked must equal
/// pruned. The files state no shapes of inner values, because a file that lies about them cannot be pruned right: there the verification
/// decides.
/// </summary>
internal sealed class RuntimeTarget : FuzzTarget
{
    // Of what a case feeds; a mutated input may ask for more than a machine has.
    private const long MostElements = 1 << 20;

    // Of one value inside: three networks are held at once, and a worker has so much memory and no more.
    private const long MostInnerElements = 1 << 24;

    // Beyond these, float32 overflows or cancels within a few layers, and two orders of summation differ by more than rounding.
    private const double LargestOutput = 1e6;
    private const double Tolerance = 1e-2;

    // A change of an input's last bits. Where it alone shakes the outputs as much as the cut did, the cut need not have: the sine of 1e37
    // is such a network.
    private const float LastBits = 1e-6f;
    private const double ShareOfShaking = 0.1;

    // The masked model holds more than the original, which may have been near the limit already.
    private const string MaskedModel = "the masked model:";

    private string? _folder;

    public override string Name => "runtime";

    public override TimeSpan Patience => TimeSpan.FromSeconds(40);

    public override bool BoundsMemory => false;

    public override void Start(string folder, string? program)
    {
        File.WriteAllBytes(Path.Combine(folder, GraphMutation.DataFile), new byte[4096]);
        _folder = folder;
    }

    public override FuzzInput Make(Random random) => new(ModelMutation.Apply(ModelSeeds.Bare(random), random), ".onnx");

    public override string Feed(FuzzInput input, Random random)
    {
        var model = OnnxFile.FromBytes(input.Bytes, _folder);
        var shaped = ModelCopy.WithShapes(model);
        OnnxSession.Open(input.Bytes, _folder, SessionSettings.Plain).Dispose();
        var concrete = ConcreteShapes.Infer(shaped);
        var plan = RandomPlan.Of(shaped, random, random.NextDouble());
        if (plan.IsEmpty
            || concrete.Values.Values.Any(s => s.Aggregate(1.0, (n, d) => n * (d.Size ?? 1)) > MostInnerElements)
            || shaped.Graph.FedInputs.Any(i =>
                i.Shape is null || i.Shape.Aggregate(1.0, (n, d) => n * (d.Size ?? 64)) > MostElements || !IsFeedable(i.ElementType)))
        {
            return "unchanged";
        }

        var inputs = RandomInputs.For(shaped, random);
        return Runs(input.Bytes, inputs)
            ? Compare(model, plan, inputs, error =>
                !HoldsNonNumbers(model, inputs) && Shaking(input.Bytes, inputs) < ShareOfShaking * error)
            : "not-run";
    }

    private static bool IsFeedable(ElementType type) =>
        type.IsFloatingPoint() || type is ElementType.Int64 or ElementType.Int32 or ElementType.Int8 or ElementType.UInt8;

    /// <summary>True if the damaged model runs and gives numbers that can be compared.</summary>
    private bool Runs(byte[] bytes, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(bytes, _folder, SessionSettings.Plain);
        return session
            .Run(inputs).Values
            .All(t => !t.ElementType.IsFloatingPoint() || Array.TrueForAll(t.ToDoubles(), x => Math.Abs(x) < LargestOutput));
    }

    /// <summary>The factor by which the damaged model enlarges the last bits of its inputs.</summary>
    private double Shaking(byte[] bytes, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(bytes, _folder, SessionSettings.Plain);
        var near = inputs.ToDictionary(
            p => p.Key,
            p => p.Value.ElementType.IsFloatingPoint()
                ? p.Value.WithValues(Array.ConvertAll(p.Value.ToDoubles(), x => x * (1 + LastBits)))
                : p.Value);
        return MaskedEqualsPruned.RelativeError(session.Run(inputs), session.Run(near));
    }

    /// <summary>
    /// True if some value inside is no number, which maxima and clipping may hide from the outputs: zero times it is none either, so that
    /// masking does not take it away.
    /// </summary>
    private bool HoldsNonNumbers(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(ShapeSkeleton.WriteWhole(model), _folder, SessionSettings.Plain);
        return session.Run(inputs).Values.Any(t => t.ElementType.IsFloatingPoint() && !Array.TrueForAll(t.ToDoubles(), double.IsFinite));
    }

    /// <param name="isComparable">Given an error that is too large: whether the damaged model can have none of its own.</param>
    private static string Compare(
        Model model, PruningPlan plan, IReadOnlyDictionary<string, Tensor> inputs, Func<double, bool> isComparable)
    {
        OracleRun run;
        try
        {
            run = MaskedEqualsPruned.Compare(model, plan, inputs);
        }
        catch (UnsupportedModelException e) when (e.Message.StartsWith(MaskedModel, StringComparison.Ordinal))
        {
            return "not-comparable";
        }
        catch (UnsupportedModelException e)
        {
            throw new FindingException($"the model runs, but not when pruned: {e.Message} {plan.ToJson()}");
        }

        return run.Error < Tolerance ? "exact"
            : double.IsNaN(run.Error) || !isComparable(run.Error) ? "not-comparable"
            : throw new FindingException(FormattableString.Invariant($"masked differs from pruned: by {run.Error} {plan.ToJson()}"));
    }
}
