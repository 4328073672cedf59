namespace OnnxPrune.Serialization;

/// <summary>
/// A file that is complete on disk under a temporary name beside its destination. <see cref="Commit"/> puts it in place in one
/// step; disposing without it removes the temporary file and leaves whatever the destination held.
/// </summary>
public sealed class PendingFile : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<PendingFile> Live = [];

    private string? _companion;
    private bool _isSettled;

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
            using var stream = pending.Create();
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // How .NET says EFBIG: the file system, or a limit of the process, takes no file of this size.
            pending.Dispose();
            throw new IOException($"'{destination}' is too large for its file system: {e.Message.Split('(')[0].TrimEnd()}", e);
        }
        catch
        {
            pending.Dispose();
            throw;
        }

        return pending;
    }

    /// <summary>
    /// Removes every file that is not committed yet. For a process that is about to end in the middle of its work: nothing can be
    /// written or committed afterwards.
    /// </summary>
    public static void AbandonAll()
    {
        // Never left again: what another thread is about to write or commit must not come after this.
        Gate.Enter();
        foreach (var pending in Live)
        {
            pending.Remove();
        }
    }

    private FileStream Create()
    {
        lock (Gate)
        {
            try
            {
                var stream = new FileStream(TemporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
                Live.Add(this);
                return stream;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"'{Destination}' cannot be written: {e.Message}", e);
            }
        }
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
    /// <exception cref="IOException">The destination has become a folder, or the disk fails.</exception>
    public void Commit()
    {
        lock (Gate)
        {
            if (!OperatingSystem.IsWindows() && File.Exists(Destination))
            {
                File.SetUnixFileMode(TemporaryPath, File.GetUnixFileMode(Destination));
            }

            File.Move(TemporaryPath, Destination, overwrite: true);
            Live.Remove(this);
            _isSettled = true;
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (!_isSettled)
            {
                Remove();
                Live.Remove(this);
                _isSettled = true;
            }
        }
    }

    private void Remove()
    {
        File.Delete(TemporaryPath);
        if (_companion is not null)
        {
            File.Delete(_companion);
        }
    }

    private static string FollowLinks(string path) =>
        File.Exists(path) ? new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : path;
}
