using OnnxPrune.Testing;

namespace OnnxPrune.Training.Tests;

/// <summary>A test that computes with libtorch; skipped, saying so, where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchFactAttribute : FactAttribute
{
    public TorchFactAttribute() => Skip = Torch.WhyNot;
}

/// <summary>The same for several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchTheoryAttribute : TheoryAttribute
{
    public TorchTheoryAttribute() => Skip = Torch.WhyNot;
}

/// <summary>The same on models of ../shared.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTorchTheoryAttribute : TheoryAttribute
{
    public SharedTorchTheoryAttribute() => Skip = Torch.WhyNot ?? (SharedFiles.Exist ? null : "The folder ../shared/models is not there.");
}

internal static class Torch
{
    public static string? WhyNot => TorchLibrary.Obstacle is { } obstacle ? $"libtorch is not here: {obstacle}" : null;
}
