using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Images of one size, read by index.</summary>
internal interface IImageSet
{
    /// <summary>The format and the origin, for reports; without the number and the size.</summary>
    string Origin { get; }

    int Count { get; }

    int Channels { get; }

    int Height { get; }

    int Width { get; }

    bool HasLabels { get; }

    int Label(int index);

    /// <summary>The file of one image; null where it lies among others in one.</summary>
    string? File(int index) => null;

    /// <summary>These images in the size that an input wants, where they can be had in more than one.</summary>
    /// <exception cref="UsageException">They cannot be had so large.</exception>
    IImageSet For(ValueDescription input) => this;

    /// <summary>The pixels of one image, 0..255, [channels, height, width], RGB.</summary>
    void Read(int index, Span<float> pixels);
}
