namespace OnnxPrune.Decoding;

/// <summary>
/// The first byte of what the decoding process says on stdout: once when it has started (Ready or NotInstalled), and then for every image, which
/// it reads from stdin as its length (int32) and its bytes. Numbers and texts are those of BinaryWriter. It ends when stdin does.
/// </summary>
public enum Answer : byte
{
    /// <summary>Images can be sent.</summary>
    Ready,

    /// <summary>ONNX Runtime Extensions are missing; a text says what was tried.</summary>
    NotInstalled,

    /// <summary>The image's height, width and channels (int32), and its pixels, uint8 [height, width, channels]: red, green, blue, or grey alone.</summary>
    Pixels,

    /// <summary>No image that can be decoded; a text says why.</summary>
    Refused,
}
