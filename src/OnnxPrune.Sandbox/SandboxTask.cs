namespace OnnxPrune.Sandbox;

/// <summary>The task of a process of this program; the name is its only argument.</summary>
public enum SandboxTask
{
    /// <summary>
    /// A request is ONNX Runtime's level of optimization (one byte), the path of a model, the number of inputs to run it on (int32; none
    /// just loads it), and of each its name, element type (int32), rank (int32), dimensions (int64 each), number of bytes (int32) and
    /// bytes. Where the path is empty, the bytes of the model follow.
    /// </summary>
    Load,
}
