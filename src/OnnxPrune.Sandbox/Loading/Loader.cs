using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Sandbox.Loading;

/// <summary>Loads models and forgets them; runs them once where inputs come along.</summary>
internal sealed class Loader : IWorker
{
    /// <inheritdoc/>
    public void Do(byte[] request, BinaryWriter answers)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(request));
            Load(reader);
            answers.Write((byte)Answer.Loaded);
        }
        catch (OnnxRuntimeException e)
        {
            answers.Write((byte)Answer.Refused);
            answers.Write(e.Message);
        }
    }

    /// <summary>See <see cref="SandboxTask.Load"/>.</summary>
    private static void Load(BinaryReader request)
    {
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = (GraphOptimizationLevel)request.ReadByte(),
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
        };
        var path = request.ReadString();
        var inputs = new Dictionary<string, OrtValue>();
        try
        {
            for (var count = request.ReadInt32(); count > 0; count--)
            {
                ReadInput(request, inputs);
            }

            using var session = path.Length > 0
                ? new InferenceSession(path, options)
                : new InferenceSession(request.ReadBytes((int)(request.BaseStream.Length - request.BaseStream.Position)), options);
            if (inputs.Count > 0)
            {
                using var run = new RunOptions();
                session.Run(run, inputs, session.OutputNames).Dispose();
            }
        }
        finally
        {
            foreach (var input in inputs.Values)
            {
                input.Dispose();
            }
        }
    }

    private static void ReadInput(BinaryReader request, Dictionary<string, OrtValue> inputs)
    {
        var name = request.ReadString();
        var type = (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)request.ReadInt32();
        var dims = new long[request.ReadInt32()];
        for (var axis = 0; axis < dims.Length; axis++)
        {
            dims[axis] = request.ReadInt64();
        }

        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, dims);
        inputs.Add(name, value);
        request.ReadBytes(request.ReadInt32()).CopyTo(value.GetTensorMutableRawData());
    }

    public void Dispose()
    {
    }
}
