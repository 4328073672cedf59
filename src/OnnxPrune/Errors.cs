namespace OnnxPrune;

/// <summary>A failure that is explained to the user in one sentence; its message says where, what was found and the way out.</summary>
public abstract class OnnxPruneException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The file is not a well-formed ONNX model.</summary>
public sealed class BrokenModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The model is well formed, but holds something that cannot be handled at all.</summary>
public sealed class UnsupportedModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The request does not make sense: an option, a path or a plan that does not fit the model.</summary>
public sealed class UsageException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>No allowed cut reaches the target; the message states what can be reached.</summary>
public sealed class TargetOutOfReachException(string message) : OnnxPruneException(message);
