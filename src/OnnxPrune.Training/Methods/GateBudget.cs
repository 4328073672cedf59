using OnnxPrune.Blocks;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Training.Methods;

/// <summary>
/// Lets a target decide what an open gate costs: gamma follows how much more expensive the expected network is than it should be by then (a
/// proportional and an integral part). It becomes a reward where gates close too fast.
/// </summary>
internal sealed class GateBudget
{
    // Of the size of the gradients that reach gates: an error of 10 % of the cost counts at once as twice the paper's gamma,
    private const double Proportional = 1;

    // and as much again after 20 steps.
    private const double Integral = 0.05;

    private const double Largest = 1;

    // By then the expected cost is to be what the target says; the rest of the phase is for the gates to settle.
    private const double ReachedAt = 0.7;

    private readonly double _fixed;
    private readonly double[] _blocks;
    private readonly double _goal;

    private GateBudget(double fixedShare, double[] blocks, double goal) => (_fixed, _blocks, _goal) = (fixedShare, blocks, goal);

    /// <summary>The integral part of gamma, which goes into checkpoints.</summary>
    public double Sum { get; set; }

    /// <param name="cost">Of the model that is trained.</param>
    /// <param name="goal">The share of its cost that is to be left.</param>
    public static GateBudget Of(CostModel cost, TargetKind kind, IReadOnlyList<ResidualBlock> blocks, double goal)
    {
        var target = new Target(kind, 1, null);
        var whole = (double)target.Of(cost.Evaluate(cost.Whole));
        var shares = blocks
            .Select(b => 1 - (target.Of(cost.Evaluate(cost.Whole, new HashSet<Node>([.. b.Branch, b.Join]))) / whole))
            .ToArray();
        return new GateBudget(1 - shares.Sum(), shares, goal);
    }

    /// <summary>The expected share of the cost under these probabilities.</summary>
    public double Expected(IReadOnlyList<double> probabilities) => _fixed + _blocks.Select((share, i) => share * probabilities[i]).Sum();

    /// <summary>The price of an open gate at this step.</summary>
    /// <param name="start">The gates' first probability.</param>
    /// <param name="progress">How much of the phase is over, 0 to 1.</param>
    public double Gamma(IReadOnlyList<double> probabilities, double start, double progress)
    {
        var first = Expected([.. _blocks.Select(_ => start)]);
        var wanted = first + ((_goal - first) * Math.Min(1, progress / ReachedAt));
        var excess = Expected(probabilities) - wanted;
        Sum = Math.Clamp(Sum + (Integral * excess), -Largest, Largest);
        return Sum + (Proportional * excess);
    }
}
