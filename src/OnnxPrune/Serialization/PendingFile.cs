namespace OnnxPrune.Serialization;

/// <summary>
/// A file that is complete on disk under a temporary name beside its destination. <see cref="Commit"/> puts it in place in one
/// step; disposing without it removes the temporary file and leaves whatever the destination held.
/// </summary>
public sealed class PendingFile : IDisposable
{
    private string? _companion;
    private bool _committed;

    private PendingFile(string path, string destination) => (TemporaryPath, Destination) = (path, destination);

    /// <summary>Where the content lies until it is committed: in the destination's folder.</summary>
    public string TemporaryPath { get; }

    /// <summary>The final path, with symbolic links followed, so that a link keeps pointing to the file.</summary>
    public string Destination { get; }

    /// <summary>Writes the content and flushes it to the disk.</summary>
    /// <exception cref="UsageException">The destination's folder does not exist or cannot be written to.</exception>
    /// <exception cref="IOException">The disk is full or fails; the temporary file is removed.</exception>
    public static PendingFile Write(string path, Action<Stream> write)
    {
        if (Directory.Exists(path))
        {
            throw new UsageException($"'{path}' is a folder; give the path of the file to write.");
        }

        var destination = FollowLinks(Path.GetFullPath(path));
        var folder = Path.GetDirectoryName(destination)!;
        if (!Directory.Exists(folder))
        {
            throw new UsageException($"The folder '{folder}' of the output does not exist.");
        }

        var temporary = Path.Combine(folder, $".{Path.GetFileName(destination)}.{Guid.NewGuid():N}.tmp");
        var pending = new PendingFile(temporary, destination);
        try
        {
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (UnauthorizedAccessException e)
        {
            pending.Dispose();
            throw new UsageException($"'{destination}' cannot be written: {e.Message}", e);
        }
        catch
        {
            pending.Dispose();
            throw;
        }

        return pending;
    }

    /// <summary>
    /// Puts <paramref name="companion"/> into place now, under a name that nothing refers to yet, and takes it away again when this
    /// file is not committed. A file that was there before stays.
    /// </summary>
    internal PendingFile With(PendingFile companion)
    {
        _companion = File.Exists(companion.Destination) ? null : companion.Destination;
        companion.Commit();
        return this;
    }

    /// <summary>Renames the temporary file over the destination: at every moment there is the old content or the new.</summary>
    public void Commit()
    {
        if (!OperatingSystem.IsWindows() && File.Exists(Destination))
        {
            File.SetUnixFileMode(TemporaryPath, File.GetUnixFileMode(Destination));
        }

        File.Move(TemporaryPath, Destination, overwrite: true);
        _committed = true;
    }

    public void Dispose()
    {
        if (_committed)
        {
            return;
        }

        File.Delete(TemporaryPath);
        if (_companion is not null)
        {
            File.Delete(_companion);
        }

        _committed = true;
    }

    private static string FollowLinks(string path) =>
        File.Exists(path) ? new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : path;
}
