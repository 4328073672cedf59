using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Calibration.Distillation;

/// <summary>The distance of answers from those of a teacher.</summary>
internal static class DistillationLoss
{
    private const double Temperature = 4;

    // Of the squared error beside the divergence, which does not see what is added to all scores.
    private const double ShareOfScores = 0.05;

    /// <summary>
    /// For classes: T² times the cross entropy of the distributions that scores give when they are divided by T (Hinton et al. 2015), and a
    /// little of the mean squared error of the scores. For anything else the mean squared error.
    /// </summary>
    /// <param name="scores">[N, classes], or [N, anything].</param>
    /// <param name="wanted">The teacher's, of the same number of elements.</param>
    public static torch.Tensor Of(torch.Tensor scores, torch.Tensor wanted)
    {
        var isClasses = wanted.shape.Length == 2 && wanted.shape[1] > 1;
        var target = wanted.reshape(scores.shape);
        if (!isClasses)
        {
            return SquaredError(scores, target);
        }

        var soft = torch.nn.functional.cross_entropy(
            scores.Times(1 / Temperature), torch.nn.functional.softmax(target.Times(1 / Temperature), 1));
        return soft.Times(Temperature * Temperature).Plus(SquaredError(scores, target), ShareOfScores);
    }

    private static torch.Tensor SquaredError(torch.Tensor made, torch.Tensor wanted)
    {
        var difference = made.Plus(wanted, -1);
        return difference.mul(difference).reshape(-1).mean([0]);
    }
}
