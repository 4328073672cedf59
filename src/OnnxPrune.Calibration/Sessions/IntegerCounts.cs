using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>A cut by counts of channels that are multiples of some number, on trial.</summary>
/// <param name="Left">The share of the MACs that is left.</param>
/// <param name="Gain">Its speed as a multiple of the whole network's, both in integers.</param>
/// <param name="Damage">Finds out what it does to the outputs after a rough repair; gives null where that would take too long.</param>
internal sealed record CountTrial(double Left, double Gain, Func<double?> Damage)
{
    // Sessions of one file differ by some hundredths: beside what a smaller cut should save, that is too much.
    private const double MostLeft = 0.9;

    /// <summary>The part of the time that fewer MACs should save and that is saved: 1 where time falls with them, or few leave.</summary>
    public double Saving => Left <= MostLeft ? (1 - (1 / Gain)) / (1 - Left) : 1;
}

/// <summary>
/// Chooses the multiple of channels for a cut that is quantized afterwards. Kernels of integers work on tiles of channels, so that a
/// network which was cut to odd counts can be slower in integers than the whole one. Then coarser counts are tried.
/// </summary>
internal sealed class IntegerCounts(IRunObserver observer)
{
    /// <summary>Of the time that fewer MACs should save, less is worth a look at coarser counts.</summary>
    public const double LeastSaving = 0.6;

    // Coarse counts can ruin a small network. Of divergence, or of squared error beside the outputs' squares; rough repair does not tell
    // smaller differences.
    private const double MostMoreDamage = 0.1;

    // Products of bytes are added up by fours, in registers of 16 sums.
    private static readonly int[] s_multiples = [8, 16];

    /// <summary>The finest counts by which integers gain from the cut.</summary>
    /// <param name="cut">Tries a multiple; null for the counts that a target of cost is met with otherwise.</param>
    /// <returns>Null for those, also where no others are fast enough and do as little damage.</returns>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public int? Choose(Func<int?, CountTrial> cut)
    {
        var usual = cut(null);
        if (usual.Saving >= LeastSaving)
        {
            return null;
        }

        foreach (var multiple in s_multiples)
        {
            if (Try(multiple) is { Saving: >= LeastSaving } coarser && !(coarser.Damage() - usual.Damage() > MostMoreDamage))
            {
                observer.Note(
                    $"in integers, the cut is {Numbers.Times(usual.Gain)} as fast as the whole network with the usual counts of "
                        + $"channels, and {Numbers.Times(coarser.Gain)} with multiples of {multiple}, which are kept. --round 4 keeps "
                        + "finer ones.");
                return multiple;
            }
        }

        return null;

        CountTrial? Try(int multiple)
        {
            try
            {
                return cut(multiple);
            }
            catch (TargetOutOfReachException)
            {
                return null;
            }
        }
    }
}
