using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;

namespace ModelMaker.Tests;

/// <summary>Runs made models in ONNX Runtime.</summary>
internal static class Inference
{
    public const int Batch = 4;

    /// <summary>The output for a fixed random batch of images, [<see cref="Batch"/>, ...] flattened.</summary>
    public static float[] Run(ModelProto model, int size)
    {
        using var settings = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(model.ToByteArray(), settings);
        var images = new DenseTensor<float>(Images(size), [Batch, 3, size, size]);
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor(model.Graph.Input[0].Name, images)]);
        return outputs[0].AsTensor<float>().ToArray();
    }

    // A tint per image and channel, and noise.
    private static float[] Images(int size)
    {
        var random = new Random(7);
        var images = new float[Batch * 3 * size * size];
        var tint = 0.0;
        for (var i = 0; i < images.Length; i++)
        {
            if (i % (size * size) == 0)
                tint = random.NextDouble() * 2 - 1;
            images[i] = (float)(tint + random.NextDouble() * 2 - 1);
        }

        return images;
    }
}
