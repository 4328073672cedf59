namespace OnnxPrune.Runtime.Comparing;

/// <summary>A pruned model does not load, computes other outputs than it may, or misses a limit; nothing was written.</summary>
public sealed class VerificationFailedException(string message, Exception? inner = null) : Exception(message, inner);
