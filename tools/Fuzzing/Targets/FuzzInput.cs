namespace Fuzzing.Targets;

/// <summary>A file as somebody might bring it.</summary>
/// <param name="Extension">With its dot, such as <c>.onnx</c>.</param>
public sealed record FuzzInput(byte[] Bytes, string Extension);
