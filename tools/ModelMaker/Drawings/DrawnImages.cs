namespace ModelMaker.Drawings;

/// <summary>
/// Labelled images of 32x32 pixels, one <see cref="Shape"/> each, at a random place, size, angle and colour, over a background with lines
/// across it and under noise: a task that a small CNN learns in minutes and does not solve completely. The same seed draws the same images
/// on every machine.
/// </summary>
public sealed class DrawnImages(int seed)
{
    public const int Side = 32;
    public const int Channels = 3;

    // 16 levels a channel, so that the files stay small: half of a byte of noise cannot be compressed away.
    private const int Step = 17;
    private const int SamplesPerSide = 3;

    private readonly Random _random = new(seed);

    /// <returns>Pixels [Count, Side, Side, Channels] and labels [Count]; every class comes equally often, give or take one.</returns>
    public (byte[] Pixels, byte[] Labels) Draw(int count)
    {
        const int Length = Side * Side * Channels;
        var (pixels, labels) = (new byte[count * Length], new byte[count]);
        for (var i = 0; i < count; i++)
        {
            labels[i] = (byte)(i % Shape.All.Count);
        }

        _random.Shuffle(labels);
        for (var i = 0; i < count; i++)
        {
            Draw(Shape.All[labels[i]], pixels.AsSpan(i * Length, Length));
        }

        return (pixels, labels);
    }

    private void Draw(Shape shape, Span<byte> pixels)
    {
        var (ground, figure) = Colours();
        var (x0, y0, radius, angle) = (Between(11, 21), Between(11, 21), Between(6.5, 11.5), Between(-shape.Turn, shape.Turn));
        var (sine, cosine) = (Math.Sin(angle) / radius, Math.Cos(angle) / radius);
        var lines = Array.ConvertAll(new int[3], _ =>
            (Angle: Between(0, Math.PI), Offset: Between(-16, 16), Colour: Between(0, 1) < 0.5 ? figure : Colour()));
        var (slopeX, slopeY, noise) = (Between(-1.5, 1.5), Between(-1.5, 1.5), Between(10, 38));
        for (var row = 0; row < Side; row++)
        {
            for (var column = 0; column < Side; column++)
            {
                var covered = Coverage(shape, column - x0, row - y0, sine, cosine);
                var slope = (slopeX * (column - 16)) + (slopeY * (row - 16));
                var line = Array.FindIndex(lines, l =>
                    Math.Abs(((column - 16) * Math.Cos(l.Angle)) + ((row - 16) * Math.Sin(l.Angle)) - l.Offset) < 0.6);
                for (var channel = 0; channel < Channels; channel++)
                {
                    var behind = line < 0 ? ground[channel] + slope : lines[line].Colour[channel];
                    var value = (covered * figure[channel]) + ((1 - covered) * behind) + (noise * Normal());
                    pixels[(((row * Side) + column) * Channels) + channel] = (byte)(Math.Round(Math.Clamp(value, 0, 255) / Step) * Step);
                }
            }
        }
    }

    /// <summary>The share of a pixel that a figure covers, 0 to 1.</summary>
    /// <param name="x">The pixel's corner, seen from the figure's middle.</param>
    private static double Coverage(Shape shape, double x, double y, double sine, double cosine)
    {
        var covered = 0;
        for (var i = 0; i < SamplesPerSide * SamplesPerSide; i++)
        {
            var (u, v) = (x + (((i % SamplesPerSide) + 0.5) / SamplesPerSide), y + (((i / SamplesPerSide) + 0.5) / SamplesPerSide));
            covered += shape.Covers((cosine * u) + (sine * v), (cosine * v) - (sine * u)) ? 1 : 0;
        }

        return covered / (double)(SamplesPerSide * SamplesPerSide);
    }

    /// <summary>Two colours that can be told apart.</summary>
    private (double[] Ground, double[] Figure) Colours()
    {
        const double LeastContrast = 60;
        while (true)
        {
            var (ground, figure) = (Colour(), Colour());
            if (Math.Abs(ground.Average() - figure.Average()) > LeastContrast)
            {
                return (ground, figure);
            }
        }
    }

    private double[] Colour() => [Between(0, 255), Between(0, 255), Between(0, 255)];

    private double Between(double low, double high) => low + (_random.NextDouble() * (high - low));

    /// <summary>A number of the standard normal distribution (Box and Muller 1958).</summary>
    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
