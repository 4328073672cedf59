namespace Fuzzing.Runs;

/// <summary>The program did something that it must not: a wrong result, a broken promise, too much memory.</summary>
public sealed class FindingException(string message) : Exception(message);
