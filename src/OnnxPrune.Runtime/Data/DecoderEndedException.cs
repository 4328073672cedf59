namespace OnnxPrune.Runtime.Data;

/// <summary>The process that decodes images has ended; the message says how.</summary>
/// <param name="hasStarted">Whether it was ready for images before.</param>
internal sealed class DecoderEndedException(string message, bool hasStarted, Exception inner) : Exception(message, inner)
{
    public bool HasStarted => hasStarted;
}
