using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// Cuts by targets of size. Plans count the bytes of weights; what a file has besides hardly depends on channels, but nodes and names go
/// with blocks, and repaired layers get biases. So the file that a network makes is counted, and its excess taken off what the weights may
/// have, until the target holds.
/// </summary>
internal sealed class SizeTargetSearch(LoadedModel loaded, PruningOptions options, Cost before, IRunObserver observer)
{
    private const int MostRounds = 8;

    // So much of the limit may be left over where a larger network could fit: trying it costs a repair.
    private const double LargeSlack = 0.01;

    private readonly SizeTarget _target = options.Targets.Sizes.MinBy(t => t.Limit(loaded.Bytes));

    private long Limit => _target.Limit(loaded.Bytes);

    /// <param name="smallest">The bytes of weights of the smallest network that the options allow.</param>
    /// <param name="draft">Makes a network whose weights keep the target, unrepaired.</param>
    /// <param name="final">Makes the network that is written.</param>
    /// <exception cref="TargetOutOfReachException">Even the smallest network makes too large a file, or no cut keeps the other
    /// targets.</exception>
    /// <exception cref="VerificationFailedException">The file stays a little too large.</exception>
    public PruningResult Find(Func<long> smallest, Func<Target, PruningResult> draft, Func<Target, PruningResult> final)
    {
        var most = Limit - (loaded.Bytes - before.Bytes);
        if (most < before.Bytes)
        {
            most = Math.Max(most, smallest());
        }

        (most, _) = Fit(most, smallest, draft, grows: most < before.Bytes);
        return Fit(most, smallest, final, grows: false).Cut;
    }

    /// <summary>The network with the most bytes of weights, no more than given, whose file is small enough.</summary>
    /// <param name="grows">Whether what is left over is given back once.</param>
    private (long Most, PruningResult Cut) Fit(long most, Func<long> smallest, Func<Target, PruningResult> make, bool grows)
    {
        (long Most, PruningResult Cut)? kept = null;
        for (var round = 1; ; round++)
        {
            var cut = make(Weights(most));
            var size = OnnxFile.Length(cut.Model, options.Output);
            if (size <= Limit && (kept is not null || !grows || Limit - size < LargeSlack * Limit))
            {
                return (most, cut);
            }
            else if (size <= Limit)
            {
                kept = (most, cut);
                most += Limit - size;
            }
            else if (kept is not null)
            {
                return kept.Value;
            }
            else if (most <= smallest())
            {
                throw OutOfReach(size);
            }
            else if (round == MostRounds)
            {
                throw new VerificationFailedException(
                    $"The pruned model is not written, since its file has {Numbers.Bytes(size)} where {_target} was asked for; ask for a "
                        + "little less.");
            }
            else
            {
                observer.Point($"{Numbers.Bytes(most)} of weights: the file has {Numbers.Bytes(size)}, which is too much");

                // Less than the weights that this network has: counts of channels come in steps, and may have left some over.
                most = Math.Max(smallest(), cut.Outcome.After.Bytes - (size - Limit));
            }
        }
    }

    private static Target Weights(long bytes) => new(TargetKind.Bytes, null, bytes);

    private TargetOutOfReachException OutOfReach(long size) => new(
        $"Target {_target} is out of reach: the file can go from {Numbers.Bytes(loaded.Bytes)} down to {Numbers.Bytes(size)}, which is "
            + $"{Numbers.Share(size, loaded.Bytes)} of the original.",
        [new Reach(_target.ToString(), "bytes", Limit, loaded.Bytes, size)]);
}
