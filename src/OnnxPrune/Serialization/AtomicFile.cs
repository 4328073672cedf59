namespace OnnxPrune.Serialization;

/// <summary>
/// A file that is complete on disk under a temporary name beside its destination. <see cref="Commit"/> puts it in place in one
/// step; disposing without it removes the temporary file and leaves whatever the destination held.
/// </summary>
/// <remarks>
/// Temporary names are this run's own, and files are removed under such names only: what has its final name may be somebody else's by then.
/// </remarks>
internal sealed class AtomicFile : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<AtomicFile> Live = [];

    private bool _isSettled;

    private AtomicFile(string path, string destination) => (TemporaryPath, Destination) = (path, destination);

    /// <summary>The path of the content until it is committed: in the destination's folder.</summary>
    public string TemporaryPath { get; }

    /// <summary>The final path, with symbolic links followed, so that a link keeps pointing to the file.</summary>
    public string Destination { get; }

    /// <summary>The number of bytes, of those files included that this one refers to.</summary>
    public long Length => new FileInfo(TemporaryPath).Length + (Companion?.Length ?? 0);

    /// <summary>
    /// A file that this one refers to by its final name: it is put in place first, and removed with this one before that.
    /// </summary>
    internal AtomicFile? Companion { get; private set; }

    /// <summary>Writes the content and flushes it to the disk.</summary>
    /// <exception cref="UsageException">The path is none that a file can be written to.</exception>
    /// <exception cref="IOException">The disk is full or fails; the temporary file is removed.</exception>
    public static AtomicFile Write(string path, Action<Stream> write)
    {
        var pending = At(path);
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
            throw new IOException($"'{pending.Destination}' is too large for its file system: {e.Message.Split('(')[0].TrimEnd()}", e);
        }
        catch
        {
            pending.Dispose();
            throw;
        }

        return pending;
    }

    /// <summary>
    /// True if a file can be written to the path: finds out by making one under a temporary name, and leaves nothing behind.
    /// </summary>
    /// <exception cref="UsageException">It cannot; the message says why.</exception>
    public static void Check(string path)
    {
        using var pending = At(path);
        pending.Create().Dispose();
    }

    /// <summary>True if the path is one of a file or of nothing yet, in a folder that exists. Touches nothing.</summary>
    /// <exception cref="UsageException">It is not; the message says why.</exception>
    public static void CheckName(string path) => At(path);

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
            File.Delete(pending.TemporaryPath);
        }
    }

    private static AtomicFile At(string path)
    {
        if (path.Length == 0)
        {
            throw new UsageException("An output has an empty path.");
        }

        if (FileStatus.IsStream(path))
        {
            throw new UsageException($"'{path}' is a stream, and an output must be a file; give the path of one.");
        }

        try
        {
            if (FileStatus.Of(path) is { Kind: not FileKind.Regular and var kind })
            {
                throw new UsageException(kind == FileKind.Folder
                    ? $"'{path}' is a folder; give the path of the file to write."
                    : $"'{path}' is {FileStatus.Describe(kind)} and cannot be replaced by a file; --dry-run does everything but write.");
            }

            var destination = FileStatus.RealPath(path);
            if (destination.EndsWith(Path.DirectorySeparatorChar) || Path.EndsInDirectorySeparator(path))
            {
                throw new UsageException($"'{path}' names a folder; give the path of the file to write.");
            }

            var folder = Path.GetDirectoryName(destination)!;
            return Directory.Exists(folder)
                // The output's own name may be as long as names can be.
                ? new AtomicFile(Path.Combine(folder, $".onnxprune-{Guid.NewGuid():N}.tmp"), destination)
                : throw new UsageException($"The folder '{folder}' of the output does not exist.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"'{path}' cannot be written: {e.Message}", e);
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

    /// <summary>Makes <paramref name="companion"/> share the fate of this file.</summary>
    internal AtomicFile With(AtomicFile companion)
    {
        Companion = companion;
        return this;
    }

    /// <summary>
    /// Renames the temporary file over the destination: at every moment there is the old content or the new. A companion is in place
    /// before; where this file then fails, the companion stays without being used, since another run may have come to use it.
    /// </summary>
    /// <exception cref="IOException">The destination has become a folder, or the disk fails.</exception>
    public void Commit()
    {
        lock (Gate)
        {
            Companion?.Commit();
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
                File.Delete(TemporaryPath);
                Live.Remove(this);
                _isSettled = true;
            }

            Companion?.Dispose();
        }
    }
}
