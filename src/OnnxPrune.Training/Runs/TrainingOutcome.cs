using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Training.LowBits;

namespace OnnxPrune.Training.Runs;

/// <summary>The outcome of a run.</summary>
/// <param name="Masked">The input's structure with the learned weights, and the plan in its metadata.</param>
/// <param name="Pruned">The same after the plan, with BatchNormalization folded where the input had it folded.</param>
/// <param name="Plan">Everything that goes.</param>
/// <param name="Before">The input's cost.</param>
/// <param name="After">The pruned model's.</param>
/// <param name="HeldOut">Whether finetuning helped; null where nothing was held back to tell.</param>
internal sealed record TrainingOutcome(Model Masked, Model Pruned, PruningPlan Plan, Cost Before, Cost After, HeldOutLoss? HeldOut)
{
    /// <summary>
    /// The numbers of the activations that take less than 8 bits, scale · (q − zero), by the name of what the layer that reads them makes.
    /// </summary>
    public IReadOnlyDictionary<string, ActivationScale> Activations { get; init; } = new Dictionary<string, ActivationScale>();
}

/// <summary>The loss on samples that were not trained on. Where the end is no better than the start, the result is the start.</summary>
internal sealed record HeldOutLoss(double Start, double End, int Samples)
{
    public bool KeepsStart => !(End < Start);
}
