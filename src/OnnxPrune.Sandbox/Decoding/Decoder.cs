using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Sandbox.Decoding;

/// <summary>Decodes PNG and JPEG with ONNX Runtime Extensions, whose operator DecodeImage runs in a session of its own.</summary>
internal sealed class Decoder : IWorker
{
    // pixels uint8 [height, width, channels] = com.microsoft.extensions:DecodeImage(file uint8 [bytes], color_space: rgb), as an ONNX file.
    private const string Model =
        "CAg6oAEKTAoEZmlsZRIGcGl4ZWxzIgtEZWNvZGVJbWFnZToYY29tLm1pY3Jvc29mdC5leHRlbnNpb25zKhUKC2NvbG9yX3NwYWNlIgNyZ2KgAQMSBmRlY29kZVoXCgRmaWxlEg8KDQgCEgkKBxIFYnl0ZXNiLwoGcGl4ZWxzEiUKIwgCEh8KCBIGaGVpZ2h0CgcSBXdpZHRoCgoSCGNoYW5uZWxzQgQKABAQQhwKGGNvbS5taWNyb3NvZnQuZXh0ZW5zaW9ucxAB";

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();

    /// <exception cref="OnnxRuntimeException">ONNX Runtime Extensions are not installed.</exception>
    /// <exception cref="DllNotFoundException">ONNX Runtime is not.</exception>
    public Decoder()
    {
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
        };
        options.RegisterOrtExtensions();
        _session = new InferenceSession(Convert.FromBase64String(Model), options);
    }

    /// <inheritdoc/>
    public void Do(byte[] request, BinaryWriter answers)
    {
        try
        {
            using var input = OrtValue.CreateTensorValueFromMemory(request, [request.Length]);
            using var outputs = _session.Run(_runOptions, ["file"], [input], ["pixels"]);
            var shape = outputs[0].GetTensorTypeAndShape().Shape;
            answers.Write((byte)Answer.Pixels);
            answers.Write(checked((int)shape[0]));
            answers.Write(checked((int)shape[1]));
            answers.Write(checked((int)shape[2]));
            answers.Write(outputs[0].GetTensorDataAsSpan<byte>());
        }
        catch (OnnxRuntimeException e)
        {
            answers.Write((byte)Answer.Refused);
            answers.Write(Reason(e.Message));
        }
    }

    // "[ErrorCode:Fail] Non-zero status code returned while running DecodeImage node. Name:'decode' Status Message: [ImageDecoder]: The reason."
    private static string Reason(string message)
    {
        const string Start = "[ImageDecoder]: ";
        var start = message.IndexOf(Start, StringComparison.Ordinal);
        return start < 0 ? message : message[(start + Start.Length)..];
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
