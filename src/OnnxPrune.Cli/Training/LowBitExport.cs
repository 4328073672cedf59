using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Quantization;
using OnnxPrune.Rewriting;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Training.LowBits;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>Writes a network whose weights take few levels in a form that every runtime loads.</summary>
internal static class LowBitExport
{
    // Of the training images, to find the ranges of activations by.
    private const int Images = 1000;

    /// <param name="outcome">Whose pruned model has weights that take few levels.</param>
    /// <param name="inputs">Of the model.</param>
    /// <returns>A network of 8-bit integers whose weights take as few in each output channel, or one of floats where activations are
    /// floats; with the levels in tables where that is asked for.</returns>
    public static Model Of(
        TrainingOutcome outcome, BitWidths bits, TrainOptions options, IReadOnlyList<ValueDescription> inputs, Terminal terminal)
    {
        var made = bits.Activations is { } few ? Integers(outcome, few, options, inputs, terminal)
            : options.Packs ? OpsetRaise.Apply(outcome.Pruned)
            : outcome.Pruned;
        if (options.Packs)
        {
            LevelPacking.Apply(made);
        }

        return made;
    }

    /// <summary>Makes sure before hours of training that the network can be written at their end.</summary>
    /// <exception cref="UnsupportedModelException">It has no layer that can compute with integers, or too old an operator set.</exception>
    public static void Check(Model model, BitWidths bits, TrainOptions options)
    {
        if (bits.Activations is not null)
        {
            PostTrainingQuantizer.Check(model, IntegerProducts.SchemeOfThisMachine);
        }
        else if (options.Packs)
        {
            OpsetRaise.Apply(model);
        }
    }

    private static Model Integers(
        TrainingOutcome outcome, int bits, TrainOptions options, IReadOnlyList<ValueDescription> inputs, Terminal terminal)
    {
        var model = outcome.Pruned;
        var learned = outcome.Activations.ToDictionary(
            a => a.Key, a => new QuantizationParameters(a.Value.Scale, a.Value.Zero, (1 << bits) - 1));
        ShapeInference.Infer(model);
        var calibration = CalibrationInputs.Read(
            DataSource.Open(options.Data[0], options.Normalize, options.Resize),
            inputs, NetworkAnalysis.OnDemand(model).Cost, Images, options.Training.Seed);
        return terminal.Watched(StepNames.Quantizing, progress => PostTrainingQuantizer.Run(
            model,
            calibration.Batches,
            IntegerProducts.SchemeOfThisMachine,
            new SessionSettings { Threads = options.Threads },
            progress,
            learned).Model);
    }
}
