namespace OnnxPrune.Runtime.Data;

/// <summary>A sample as people see it.</summary>
/// <param name="Channels">1 for grey, 3 for red, green and blue.</param>
/// <param name="Pixels">[channels, height, width].</param>
internal sealed record SamplePicture(int Channels, int Height, int Width, byte[] Pixels)
{
    /// <summary>The file that it comes from; null where it lies among others in one.</summary>
    public string? File { get; init; }

    /// <summary>The picture of numbers in that order, of which some range goes from black to white.</summary>
    /// <param name="black">What black is; all below is black, too.</param>
    /// <param name="white">The same of white.</param>
    public static SamplePicture Of(ReadOnlySpan<float> numbers, int channels, int height, int width, float black = 0, float white = 255)
    {
        var pixels = new byte[numbers.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)Math.Clamp(MathF.Round(byte.MaxValue * (numbers[i] - black) / (white - black)), 0, byte.MaxValue);
        }

        return new SamplePicture(channels, height, width, pixels);
    }
}
