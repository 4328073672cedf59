using System.Text;

namespace ModelMaker.Building;

/// <summary>
/// Random numbers that depend on a seed and a name only, so a layer keeps its weights when the network around it changes,
/// and the fused and the unfused network are the same function.
/// </summary>
public sealed class Weights
{
    private ulong state;

    /// <summary>Starts the sequence of <paramref name="name"/> under <paramref name="seed"/>.</summary>
    public Weights(ulong seed, string name)
    {
        // FNV-1a over the name; string.GetHashCode differs from process to process.
        state = 14695981039346656037;
        foreach (var b in Encoding.UTF8.GetBytes(name))
            state = (state ^ b) * 1099511628211;
        state += seed * 0x9E3779B97F4A7C15;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextUniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public double NextUniform(double from, double to) => from + (to - from) * NextUniform();

    /// <summary>A factor in [1/2, 2), as often below 1 as above.</summary>
    public double NextFactor()
    {
        var u = NextUniform();
        return (1 + u) / (2 - u);
    }

    /// <summary>
    /// Nearly normal with mean 0: the sum of four uniform numbers. The textbook ways need logarithms, whose last bit
    /// depends on the machine's C library.
    /// </summary>
    public double NextNormal(double deviation)
    {
        const double UnitDeviation = 1.7320508075688772 / 65536; // four uniforms have variance 4/12
        var bits = Next();
        var sum = (long)(bits & 0xFFFF) + (long)(bits >> 16 & 0xFFFF) + (long)(bits >> 32 & 0xFFFF) + (long)(bits >> 48);
        return (sum - 131070) * UnitDeviation * deviation;
    }

    /// <summary><paramref name="count"/> numbers of <see cref="NextNormal"/>.</summary>
    public float[] Normal(int count, double deviation)
    {
        var numbers = new float[count];
        foreach (ref var number in numbers.AsSpan())
            number = (float)NextNormal(deviation);
        return numbers;
    }

    // SplitMix64.
    private ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
