using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.Data;
using TorchSharp;

namespace OnnxPrune.Training.Steps;

/// <summary>Batches as tensors, and the loss of a network's answers to them.</summary>
/// <param name="sampleSize">The dimensions of one sample.</param>
/// <param name="teacher">Is asked beside the labels; null for the labels alone. Disposed with the lessons.</param>
internal sealed class Lessons(IReadOnlyList<long> sampleSize, Objective objective, GraphModule? teacher, torch.Device device) : IDisposable
{
    /// <summary>[N, ...].</summary>
    public torch.Tensor Inputs(TrainingBatch batch) => torch.tensor(batch.Inputs, [batch.Labels.Length, .. sampleSize], null, device);

    /// <param name="scores">Of the network, [N, classes].</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="UsageException">A label exceeds the classes.</exception>
    public torch.Tensor Loss(torch.Tensor scores, TrainingBatch batch) => objective.Loss(scores, batch.Labels, Teach(batch), device);

    /// <summary>The mean over some batches, without learning.</summary>
    /// <param name="training">Whether BatchNormalization takes each batch's own statistics.</param>
    public double MeanLoss(GraphModule module, IEnumerable<TrainingBatch> batches, bool training)
    {
        using var mode = torch.no_grad();
        var losses = new List<double>();
        foreach (var batch in batches)
        {
            using var scope = torch.NewDisposeScope();
            losses.Add(TensorBridge.Item(Loss(module.Forward(Inputs(batch), training), batch)));
        }

        return losses.Average();
    }

    /// <summary>The number of labels that have the largest score.</summary>
    public static int Correct(torch.Tensor scores, int[] labels)
    {
        var values = TensorBridge.Floats(scores);
        var (classes, correct) = (values.Length / labels.Length, 0);
        for (var n = 0; n < labels.Length; n++)
        {
            var row = values.AsSpan(n * classes, classes);
            correct += row[labels[n]] >= System.Numerics.Tensors.TensorPrimitives.Max(row) ? 1 : 0;
        }

        return correct;
    }

    public void Dispose() => teacher?.Dispose();

    private torch.Tensor? Teach(TrainingBatch batch)
    {
        if (teacher is null)
        {
            return null;
        }

        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        return teacher.Forward(Inputs(batch), training: false).MoveToOuterDisposeScope();
    }
}
