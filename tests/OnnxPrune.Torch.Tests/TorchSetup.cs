using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace OnnxPrune.Torch.Tests;

/// <summary>Loads libtorch before any test calls TorchSharp.</summary>
internal static class TorchSetup
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Tests have no entry point of their own.")]
    public static void Load() => TorchLibrary.Load();
}
