using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;

namespace ModelMaker.Tests;

/// <summary>Runs made models in ONNX Runtime.</summary>
internal static class Inference
{
    /// <summary>Images in the random batch.</summary>
    public const int Batch = 4;

    /// <summary>The first output for a fixed random batch of images, [<see cref="Batch"/>, ...] flattened.</summary>
    public static float[] Run(ModelProto model, int size) => Run(model, Images(size), size);

    /// <summary>The first output for images [N, 3, size, size].</summary>
    public static float[] Run(ModelProto model, float[] images, int size, params IEnumerable<float[]> further) =>
        Outputs(model, images, size, further, outputs => outputs[0].AsTensor<float>().ToArray());

    /// <summary>The shapes of all outputs, by name.</summary>
    public static IReadOnlyDictionary<string, int[]> Shapes(ModelProto model, float[] images, int size) =>
        Outputs(model, images, size, [], outputs => outputs.ToDictionary(o => o.Name, o => o.AsTensor<float>().Dimensions.ToArray()));

    // What the further inputs are fed, [N, C]; ones where nothing is given.
    private static T Outputs<T>(
        ModelProto model, float[] images, int size, IEnumerable<float[]> further, Func<IReadOnlyList<DisposableNamedOnnxValue>, T> read)
    {
        using var settings = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(model.ToByteArray(), settings);
        var tensor = new DenseTensor<float>(images, [images.Length / (3 * size * size), 3, size, size]);
        var batch = tensor.Dimensions[0];
        var numbers = further.ToList();
        var inputs = model.Graph.Input.Skip(1).Where(input => model.Graph.Initializer.All(t => t.Name != input.Name));
        var fed = inputs.Select((input, i) => NamedOnnxValue.CreateFromTensor(
            input.Name, new DenseTensor<float>(i < numbers.Count ? numbers[i] : [.. Enumerable.Repeat(1f, batch)], [batch, 1])));
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor(model.Graph.Input[0].Name, tensor), .. fed]);
        return read([.. outputs]);
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
