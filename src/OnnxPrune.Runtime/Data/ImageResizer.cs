using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// Resizes images as torchvision and Pillow do by default: bilinear with antialias, until the shorter side has a given length. ONNX
/// Runtime's Resize does it, which gives Pillow's numbers up to rounding.
/// </summary>
internal static class ImageResizer
{
    // The first that has antialias.
    private const long Opset = 18;

    private static readonly Lazy<OnnxSession> s_session = new(() =>
        OnnxSession.Open(Sketch(), null, SessionSettings.Plain, "the image resizer"));

    /// <summary>The size [height, width] that an image comes out with; the longer side is rounded down.</summary>
    public static (long Height, long Width) SizeOf(long height, long width, int shorter) => height < width
        ? (shorter, checked(shorter * width) / height)
        : (checked(shorter * height) / width, shorter);

    /// <param name="image">uint8 [height, width, channels].</param>
    /// <param name="shorter">The pixels of the shorter side.</param>
    public static Tensor Resize(Tensor image, int shorter)
    {
        var channels = image.Dims[2];
        var (height, width) = SizeOf(image.Dims[0], image.Dims[1], shorter);
        var resized = s_session.Value.Run(new Dictionary<string, Tensor>
        {
            ["image"] = new(image.ElementType, [1, .. image.Dims], image.Data),
            ["size"] = Tensor.Of([1, height, width, channels], 4),
        })["resized"];
        return new Tensor(resized.ElementType, [height, width, channels], resized.Data);
    }

    private static byte[] Sketch()
    {
        // Ranks stay open: of a size that is not known yet the inference of shapes takes it that it has no elements.
        var sketch = new SubmodelBuilder(Opset).Input("image", ElementType.UInt8, rank: null).Input("size", ElementType.Int64, rank: null);
        sketch.Node("Resize", "resized", ["image", "", "", "size"], ("mode", "linear"), ("antialias", 1L), ("exclude_outside", 1L));
        return sketch.Output("resized").ToBytes();
    }
}
