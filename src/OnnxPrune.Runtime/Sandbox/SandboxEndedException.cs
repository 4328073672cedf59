namespace OnnxPrune.Runtime.Sandbox;

/// <summary>A process of <c>OnnxPrune.Sandbox</c> has ended; the message says how.</summary>
/// <param name="hasStarted">Whether it was ready for requests before.</param>
internal sealed class SandboxEndedException(string message, bool hasStarted, Exception inner) : Exception(message, inner)
{
    public bool HasStarted => hasStarted;
}
