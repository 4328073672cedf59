using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;
using OnnxPrune.Training.Steps;

namespace OnnxPrune.Cli.Training;

/// <summary>Options of training that go well together.</summary>
internal static class TrainingPresets
{
    private const double UsualTemperature = 4;

    /// <summary>For networks that are trained already, on data of a few tens of thousands of samples.</summary>
    private static readonly TrainingOptions s_quick = new()
    {
        GateEpochs = 3,
        RecoverEpochs = 1,
        SparseEpochs = 3,
        Epochs = 8,
        LearningRate = new LearningRate(0.02, Decay.Cosine, 0.05),
        Gates = GateOptions.Paper with { LearningRate = 1, Start = 0.9 },
        Objective = new Objective(0, 0.5, UsualTemperature),
    };

    /// <summary>Weights alone; distillation counts where there is a teacher.</summary>
    public static TrainingOptions Finetune { get; } = new()
    {
        Epochs = 40,
        LearningRate = new LearningRate(0.01, Decay.Cosine, 0.05),
        Objective = new Objective(0, 0.5, UsualTemperature),
    };

    /// <exception cref="UsageException">There is no preset of that name.</exception>
    public static TrainingOptions Of(string name) => name switch
    {
        "paper" => new TrainingOptions(),
        "quick" => s_quick,
        _ => throw new UsageException($"--preset {name}: choose paper or quick."),
    };
}
