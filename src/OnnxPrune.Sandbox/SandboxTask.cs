namespace OnnxPrune.Sandbox;

/// <summary>What a process of this program is there for; the name is its only argument.</summary>
public enum SandboxTask
{
    /// <summary>A request is ONNX Runtime's level of optimization (one byte), and the bytes of a model.</summary>
    Load,
}
