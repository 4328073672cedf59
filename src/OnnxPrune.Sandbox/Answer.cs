namespace OnnxPrune.Sandbox;

/// <summary>
/// The first byte of what the process says on stdout: once when it has started (Ready or NotInstalled), and then for every request, which
/// it reads from stdin as its length (int32) and its bytes. Numbers and texts are those of BinaryWriter. It ends when stdin does.
/// </summary>
public enum Answer : byte
{
    /// <summary>Requests can be sent.</summary>
    Ready,

    /// <summary>A library is missing; a text says what was tried.</summary>
    NotInstalled,

    /// <summary>A model loads.</summary>
    Loaded,

    /// <summary>No model that loads; a text says why.</summary>
    Refused,
}
