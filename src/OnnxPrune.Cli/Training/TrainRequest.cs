using System.Globalization;
using System.Security.Cryptography;
using OnnxPrune.Serialization;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>
/// The options that the numbers of a run depend on, by name: a checkpoint is gone on from where all are the same, and a report states them.
/// </summary>
internal static class TrainRequest
{
    /// <param name="training">With the rounding that was found.</param>
    public static IReadOnlyDictionary<string, string> Of(TrainOptions options, TrainingOptions training)
    {
        var request = new Dictionary<string, string>();
        Add("in.onnx", ContentOf(options.Input));
        Add("--data", string.Join(", ", options.Data));
        Add("--limit", options.Limit);
        Add("--validation", options.Validation);
        Add("--hold-out", options.HoldOut);
        Add("--normalize", options.Normalize);
        Add("--resize", options.Resize);
        Add("--teacher", options.Teacher is { } teacher ? ContentOf(teacher) : null);
        Add("--keep", options.KeepsBetter ? "better" : "last");
        Add("--method", training.Method);
        Add("--target", training.Targets.Count == 0 ? null : training.Targets.ToString());
        Add("--gate-epochs", training.GateEpochs);
        Add("--recover-epochs", training.RecoverEpochs);
        Add("--sparse-epochs", training.SparseEpochs);
        Add("--epochs", training.Epochs);
        Add("--bits", training.Bits);
        Add("--batch", training.BatchSize);
        Add("--lr", training.LearningRate.Peak);
        Add("--decay", training.LearningRate.Decay);
        Add("--warm-up", training.LearningRate.WarmUp);
        Add("--momentum", training.Momentum);
        Add("--weight-decay", training.WeightDecay);
        Add("--gate-lr", training.Gates.LearningRate);
        Add("--gate-momentum", training.Gates.Momentum);
        Add("--gate-start", training.Gates.Start);
        Add("--gamma", training.Gates.Gamma);
        Add("--lambda", training.Lambda);
        Add("--channel-share", training.ChannelShare);
        Add("--block-part", training.BlockPart);
        Add("--label-smoothing", training.Objective.LabelSmoothing);
        Add("--distill", training.Objective.Distillation);
        Add("--temperature", training.Objective.Temperature);
        Add("--crop", training.Augmentation.Padding);
        Add("--cutout", training.Augmentation.Cutout > 0 ? training.Augmentation.Cutout : null);
        Add("--ema", training.AverageDecay > 0 ? training.AverageDecay : null);
        Add("--no-flip", !training.Augmentation.Flips);
        Add("--statistics", training.Statistics);
        Add("--batch-norm", training.RestoresNorms ? "restore" : "keep");
        Add("--round", training.Rounding);
        Add("--scratch", training.Scratch);
        Add("--seed", training.Seed);
        return request;

        // A copy of the folder, here or on another machine, goes on: what is in the file counts, and not where it lies.
        static string ContentOf(string path)
        {
            using var stream = InputFile.OpenStream(path);
            return $"{Path.GetFileName(path)} (SHA-256 {Convert.ToHexStringLower(SHA256.HashData(stream))[..16]})";
        }

        void Add(string name, object? value)
        {
            if (value is not null and not false)
            {
                request.Add(name, value is Enum or bool ? value.ToString()!.ToLowerInvariant() : Convert.ToString(
                    value, CultureInfo.InvariantCulture)!);
            }
        }
    }
}
