namespace OnnxPrune;

/// <summary>A failure that is explained to the user in one sentence; its message says where, what was found and the way out.</summary>
public abstract class OnnxPruneException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The file is not a well-formed ONNX model.</summary>
public sealed class BrokenModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The model is well formed, but holds something that cannot be handled at all.</summary>
public sealed class UnsupportedModelException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>The request does not make sense: an option, a path or a plan that does not fit the model.</summary>
public class UsageException(string message, Exception? inner = null) : OnnxPruneException(message, inner);

/// <summary>A file was cut short or replaced by others while it was in use.</summary>
internal sealed class ChangedFileException(string message, Exception? inner = null) : OnnxPruneException(message, inner)
{
    internal static ChangedFileException For(string path, Exception? inner = null) =>
        new($"'{path}' was cut short or replaced while it was read; run again when nothing writes to it.", inner);
}

/// <summary>
/// A rule of this program failed at a node: a mistake of ours, to be reported, and nothing that the model or its user did wrong.
/// </summary>
internal sealed class InternalErrorException(string message, Exception inner) : Exception(message, inner);
