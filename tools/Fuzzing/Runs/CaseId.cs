namespace Fuzzing.Runs;

/// <summary>Names one input; the same name always makes the same input.</summary>
public readonly record struct CaseId(string Target, int Seed, long Index)
{
    /// <summary>The dice of this case alone, so that it does not depend on those before it.</summary>
    public Random Random()
    {
        // SplitMix64: neighbouring cases get unrelated dice.
        var z = ((ulong)Index * 0x9E3779B97F4A7C15) + ((ulong)(uint)Seed * 0xD1B54A32D192ED03) + (ulong)Target.Length;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return new Random((int)(z ^ (z >> 31)));
    }

    public override string ToString() => $"{Target}-{Seed}-{Index}";
}
