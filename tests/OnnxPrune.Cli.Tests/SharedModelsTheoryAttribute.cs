namespace OnnxPrune.Cli.Tests;

/// <summary>A theory over ../shared/models.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedModelsTheoryAttribute() : SharedTheoryAttribute("models")
{
    public static string Folder => Path.Combine(Root, "models");
}
