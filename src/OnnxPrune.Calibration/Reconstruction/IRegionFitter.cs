using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>The inputs of a region in the pruned network, and its wanted outputs.</summary>
/// <param name="Input">[N, ...].</param>
/// <param name="Target">[N, ...], the original's values of those channels that are left.</param>
internal sealed record RegionSamples(Tensor Input, Tensor Target);

/// <summary>A region whose weights are to be fitted together.</summary>
/// <param name="Model">The network that the region is a part of; its weights change.</param>
/// <param name="Shapes">Concrete shapes of the model's values, at any batch size.</param>
/// <param name="Samples">Batches to fit to and to judge by; computed when they are asked for, once.</param>
/// <param name="Epochs">How often all samples are gone through.</param>
internal sealed record RegionTask(
    Model Model, IReadOnlyDictionary<Value, Shape> Shapes, Region Region, IEnumerable<RegionSamples> Samples, int Epochs, long Seed);

/// <summary>Fits all weights of a region together.</summary>
internal interface IRegionFitter
{
    /// <summary>The most passes of a fit over all samples; fewer times where a network is large.</summary>
    int MostEpochs { get; }

    /// <summary>True if a region may hold the node.</summary>
    bool Knows(Node node);

    /// <summary>
    /// Changes the region's weights so that it gives the targets as nearly as it can; leaves them as they are where that does not help on
    /// samples that were not fitted to.
    /// </summary>
    /// <returns>Whether the region has changed.</returns>
    bool Fit(RegionTask task, CancellationToken cancellation);
}
