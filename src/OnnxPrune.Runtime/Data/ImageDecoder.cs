using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Decodes PNG and JPEG with ONNX Runtime Extensions, whose operator DecodeImage runs in a session of its own.</summary>
internal sealed class ImageDecoder : IDisposable
{
    // pixels uint8 [height, width, channels] = com.microsoft.extensions:DecodeImage(file uint8 [bytes]), as an ONNX file.
    private const string Model =
        "CAg6iQEKNQoEZmlsZRIGcGl4ZWxzIgtEZWNvZGVJbWFnZToYY29tLm1pY3Jvc29mdC5leHRlbnNpb25zEgZkZWNvZGVaFwoEZmlsZRIPCg0IAhIJCgcSBWJ5dGVzYi8KBnBpeGVscxIlCiMIAhIfCggSBmhlaWdodAoHEgV3aWR0aAoKEghjaGFubmVsc0IECgAQEEIcChhjb20ubWljcm9zb2Z0LmV4dGVuc2lvbnMQAQ==";

    // 67 million pixels are 200 MB once they are decoded.
    private const long MostPixels = 1L << 26;

    private readonly OnnxSession _session;

    /// <exception cref="UsageException">ONNX Runtime Extensions are not installed.</exception>
    public ImageDecoder()
    {
        try
        {
            _session = OnnxSession.Open(Convert.FromBase64String(Model), settings: SessionSettings.Plain with { Extensions = true }, name: "the image decoder");
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or UnsupportedModelException)
        {
            throw new UsageException(
                "PNG and JPEG images are decoded by ONNX Runtime Extensions, which are not installed; install them beside onnxprune, or give CIFAR-10 binary batches, .npz or .npy.", e);
        }
    }

    /// <summary>The pixels of one file, uint8 [height, width, 3], in the order blue, green, red.</summary>
    /// <exception cref="UsageException">The file is no image that can be decoded, or claims to be larger than any that is.</exception>
    public Tensor Decode(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (ImageHeader.Pixels(bytes) is not { } claimed)
        {
            throw new UsageException($"'{path}' is no PNG or JPEG image, or a damaged one.");
        }

        if (claimed > MostPixels)
        {
            throw new UsageException($"'{path}' claims {claimed} pixels in {bytes.Length} bytes, and is refused: images of up to {MostPixels} pixels are decoded.");
        }

        try
        {
            var pixels = _session.Run(new Dictionary<string, Tensor> { ["file"] = new(ElementType.UInt8, [bytes.Length], bytes) })["pixels"];
            return pixels.Rank == 3 && pixels.Dims[2] == 3 ? pixels : throw new UsageException($"'{path}' decodes to {pixels}, which is no colour image.");
        }
        catch (UnsupportedModelException e)
        {
            throw new UsageException($"'{path}' is no PNG or JPEG image, or a damaged one.", e);
        }
    }

    public void Dispose() => _session.Dispose();
}
