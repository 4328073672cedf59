namespace OnnxPrune.Sandbox;

/// <summary>Does one kind of task.</summary>
internal interface IWorker : IDisposable
{
    /// <summary>Writes the answer to one request.</summary>
    void Do(byte[] request, BinaryWriter answers);
}
