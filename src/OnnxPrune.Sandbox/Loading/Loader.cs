using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Sandbox.Loading;

/// <summary>Loads models and forgets them.</summary>
internal sealed class Loader : IWorker
{
    /// <inheritdoc/>
    public void Do(byte[] request, BinaryWriter answers)
    {
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = (GraphOptimizationLevel)request[0],
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
        };
        try
        {
            using var session = new InferenceSession(request[1..], options);
            answers.Write((byte)Answer.Loaded);
        }
        catch (OnnxRuntimeException e)
        {
            answers.Write((byte)Answer.Refused);
            answers.Write(e.Message);
        }
    }

    public void Dispose()
    {
    }
}
