namespace OnnxPrune.Testing;

/// <summary>The trait of tests that tools/test runs with --long only.</summary>
public static class Suite
{
    public const string Name = "Suite";
    public const string Long = "long";
}
