using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Training.Steps;

/// <summary>
/// The loss that training minimizes: the cross entropy with the labels and, with a teacher, with its softened answers (Hinton et al. 2015).
/// </summary>
/// <param name="LabelSmoothing">The share of each label that is spread over all classes, 0 to 1.</param>
/// <param name="Distillation">How much the teacher counts against the labels, 0 to 1.</param>
/// <param name="Temperature">What scores are divided by before student and teacher are compared.</param>
internal sealed record Objective(double LabelSmoothing, double Distillation, double Temperature)
{
    /// <param name="scores">[N, classes].</param>
    /// <param name="teacher">[N, classes]; null without a teacher.</param>
    /// <exception cref="UsageException">A label exceeds the classes.</exception>
    public torch.Tensor Loss(torch.Tensor scores, IReadOnlyList<int> labels, torch.Tensor? teacher, torch.Device device)
    {
        var weight = teacher is null ? 0 : Distillation;
        var hard = torch.nn.functional.cross_entropy(scores, Targets(labels, (int)scores.shape[1], device));
        if (teacher is null || weight == 0)
        {
            return hard;
        }

        // The gradient of the softened part is smaller by the temperature's square.
        var soft = torch.nn.functional.cross_entropy(
            scores.Times(1 / Temperature), torch.nn.functional.softmax(teacher.Times(1 / Temperature), 1));
        return hard.Times(1 - weight).Plus(soft, weight * Temperature * Temperature);
    }

    private torch.Tensor Targets(IReadOnlyList<int> labels, int classes, torch.Device device)
    {
        var targets = new float[labels.Count * classes];
        Array.Fill(targets, (float)(LabelSmoothing / classes));
        for (var n = 0; n < labels.Count; n++)
        {
            targets[(n * classes) + (labels[n] < classes
                ? labels[n]
                : throw new UsageException($"The data have the label {labels[n]}, but the model tells just {classes} classes apart."))] +=
                    (float)(1 - LabelSmoothing);
        }

        return torch.tensor(targets, [labels.Count, classes], null, device);
    }
}
