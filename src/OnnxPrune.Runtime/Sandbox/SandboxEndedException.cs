namespace OnnxPrune.Runtime.Sandbox;

/// <summary>A process of <c>OnnxPrune.Sandbox</c> has ended; the message says how.</summary>
/// <param name="hasStarted">Whether it was ready for requests before.</param>
/// <param name="passedLimit">Whether it was ended because it took too long or too much.</param>
internal sealed class SandboxEndedException(string message, bool hasStarted, bool passedLimit, Exception inner) : Exception(message, inner)
{
    public bool HasStarted => hasStarted;

    public bool PassedLimit => passedLimit;
}
