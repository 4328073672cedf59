using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Pruning;

/// <summary>A pruned network in its temporary file, before it is put in place.</summary>
internal static class StagedNetwork
{
    /// <summary>The figures of the original, and those of the network.</summary>
    public static (ModelFigures Original, ModelFigures Pruned) Figures(LoadedModel original, PruningResult cut, AtomicFile staged)
    {
        var (outcome, blocks) = (cut.Outcome, cut.Outcome.Original.Blocks.Count);
        return (
            ModelFigures.Of(original.Model.Graph.Nodes.Count, blocks, outcome.Before, original.Bytes),
            ModelFigures.Of(cut.Model.Graph.Nodes.Count, blocks - outcome.Plan.Blocks.Count, outcome.After, staged.Length));
    }

    /// <param name="output">Where the network is to go, for messages.</param>
    /// <exception cref="VerificationFailedException">ONNX Runtime does not load it.</exception>
    public static OnnxSession Open(AtomicFile staged, SessionSettings settings, string output)
    {
        var path = staged.TemporaryPath;
        try
        {
            return OnnxSession.Open(path, settings, OnnxFile.ExternalWeights(staged));
        }
        catch (UnsupportedModelException e)
        {
            var why = e.Message.Replace(path, output, StringComparison.Ordinal);
            throw new VerificationFailedException($"The pruned model is not written, since it does not load. {why}", e);
        }
    }
}
