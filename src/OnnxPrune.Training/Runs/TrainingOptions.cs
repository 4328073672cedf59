using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.LowBits;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Steps;

namespace OnnxPrune.Training.Runs;

/// <summary>The options of a training run. The values are those of BPCP (Huang and Wang 2020) where the paper states them.</summary>
internal sealed record TrainingOptions
{
    public TrainingMethod Method { get; init; } = TrainingMethod.Bpcp;

    /// <summary>
    /// Upper limits that the result keeps; empty for the paper's own rules (gates below one half, the lowest share of channels).
    /// </summary>
    public TargetList Targets { get; init; } = TargetList.None;

    /// <summary>Epochs in which gates learn.</summary>
    public int GateEpochs { get; init; } = 40;

    /// <summary>Epochs of finetuning between the removal of blocks and the next phase.</summary>
    public int RecoverEpochs { get; init; } = 20;

    /// <summary>Epochs in which BatchNormalization's scales are pressed towards zero, or filters are set to zero softly.</summary>
    public int SparseEpochs { get; init; } = 160;

    /// <summary>Epochs of finetuning at the end.</summary>
    public int Epochs { get; init; } = 160;

    public int BatchSize { get; init; } = 128;

    /// <summary>Of every phase.</summary>
    public LearningRate LearningRate { get; init; } = new(0.1, Decay.Steps, 0);

    public double Momentum { get; init; } = 0.9;

    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>
    /// The decay of the moving average of the weights, 0 to 1, which is what is judged, exported and cut; 0 takes the weights themselves.
    /// </summary>
    public double AverageDecay { get; init; }

    /// <summary>The bits that weights and activations take at the end; null for floats. Not beside an average of the weights.</summary>
    public BitWidths? Bits { get; init; }

    public GateOptions Gates { get; init; } = GateOptions.Paper;

    /// <summary>The penalty on BatchNormalization's scales.</summary>
    public double Lambda { get; init; } = ScalePenalty.PaperLambda;

    /// <summary>The share of all channels that goes where no target is given.</summary>
    public double ChannelShare { get; init; } = 0.2;

    /// <summary>The part of a target that blocks are to give before channels: the exponent on the share that is left, 0 to 1.</summary>
    public double BlockPart { get; init; } = 0.5;

    public Objective Objective { get; init; } = new(0, 0, 4);

    public Augmentation Augmentation { get; init; } = Augmentation.Cifar;

    public Rounding Rounding { get; init; } = Rounding.Measured(8);

    /// <summary>True if training begins with random weights.</summary>
    public bool Scratch { get; init; }

    /// <summary>
    /// Which mean and variance BatchNormalization takes while weights are learned; with <see cref="Scratch"/> always the batches' own.
    /// </summary>
    public NormStatistics Statistics { get; init; } = NormStatistics.Batch;

    /// <summary>
    /// True if BatchNormalization that was folded into layers is taken out again, where it takes the batches' own statistics.
    /// </summary>
    public bool RestoresNorms { get; init; } = true;

    public long Seed { get; init; }
}
