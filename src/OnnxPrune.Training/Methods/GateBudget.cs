using OnnxPrune.Blocks;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Training.Methods;

/// <summary>
/// Lets a target decide what an open gate costs: gamma rises while the expected network is more expensive than it should be by then, and falls while it is
/// cheaper.
/// </summary>
public sealed class GateBudget
{
    // How fast gamma follows: an expected cost that is 10 % too high doubles it in about 70 steps.
    private const double Gain = 0.1;

    // By then the expected cost is to be what the target says; the rest of the phase is for the gates to settle.
    private const double ReachedAt = 0.7;

    private const double SmallestFactor = 1e-3;
    private const double LargestFactor = 1e3;

    private readonly double _fixed;
    private readonly double[] _blocks;
    private readonly double _goal;

    private GateBudget(double fixedShare, double[] blocks, double goal) => (_fixed, _blocks, _goal) = (fixedShare, blocks, goal);

    /// <summary>What gamma is multiplied with; starts at 1.</summary>
    public double Factor { get; set; } = 1;

    /// <param name="cost">Of the model that is trained.</param>
    /// <param name="goal">The share of its cost that is to be left.</param>
    public static GateBudget Of(CostModel cost, TargetKind kind, IReadOnlyList<ResidualBlock> blocks, double goal)
    {
        var target = new Target(kind, 1, null);
        var whole = (double)target.Of(cost.Evaluate(cost.Whole));
        var shares = blocks.Select(b => 1 - (target.Of(cost.Evaluate(cost.Whole, new HashSet<Node>([.. b.Branch, b.Join]))) / whole)).ToArray();
        return new GateBudget(1 - shares.Sum(), shares, goal);
    }

    /// <summary>The expected share of the cost under these probabilities.</summary>
    public double Expected(IReadOnlyList<double> probabilities) => _fixed + _blocks.Select((share, i) => share * probabilities[i]).Sum();

    /// <param name="progress">How much of the phase is over, 0 to 1.</param>
    public void Update(IReadOnlyList<double> probabilities, double progress)
    {
        // Gates start half open, so that the expected cost starts below the whole.
        var start = Expected([.. _blocks.Select(_ => 0.5)]);
        var wanted = start + ((_goal - start) * Math.Min(1, progress / ReachedAt));
        Factor = Math.Clamp(Factor * Math.Exp(Gain * (Expected(probabilities) - wanted)), SmallestFactor, LargestFactor);
    }
}
