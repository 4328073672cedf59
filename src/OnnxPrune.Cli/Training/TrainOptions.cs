using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>The options of <c>train</c> and <c>finetune</c>.</summary>
internal sealed record TrainOptions
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>Null to keep samples of the data back.</summary>
    public string? Validation { get; init; }

    /// <summary>The number of held-out samples; null for a tenth.</summary>
    public int? HoldOut { get; init; }

    /// <summary>The number of samples that are taken of each source; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>True if the input's weights are given back where finetuning has not made them better.</summary>
    public bool KeepsBetter { get; init; } = true;

    public string? Normalize { get; init; }

    /// <summary>The pixels that the shorter side of images in folders is brought to; null leaves them as they are.</summary>
    public int? Resize { get; init; }

    public string? Teacher { get; init; }

    public string? Checkpoint { get; init; }

    /// <summary>True if weights of few bits are stored as indices into their levels.</summary>
    public bool Packs { get; init; }

    /// <summary>True if a checkpoint that is there is left aside and overwritten.</summary>
    public bool Restarts { get; init; }

    public string? Log { get; init; }

    public string? Report { get; init; }

    public string? Pruned { get; init; }

    public string Device { get; init; } = "auto";

    /// <summary>0 takes every core.</summary>
    public int Threads { get; init; }

    /// <summary>Null asks the provider.</summary>
    public int? Round { get; init; }

    public required TrainingOptions Training { get; init; }

    public string CheckpointPath => Checkpoint ?? Output + ".checkpoint";
}
