using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class PendingFileTests
{
    private static readonly byte[] s_old = [1, 2, 3];
    private static readonly byte[] s_new = [4, 5];

    [Fact]
    public void Without_commit_the_old_file_stays_and_nothing_else_does()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), s_old);

        using (PendingFile.Write(folder.File("a"), s => s.Write(s_new)))
        {
            Assert.Equal(s_old, File.ReadAllBytes(folder.File("a")));
        }

        Assert.Equal([folder.File("a")], Directory.GetFileSystemEntries(folder.Root));
        Assert.Equal(s_old, File.ReadAllBytes(folder.File("a")));
    }

    [Fact]
    public void Commit_replaces_the_file_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), s_old);

        using (var pending = PendingFile.Write(folder.File("a"), s => s.Write(s_new)))
        {
            pending.Commit();
        }

        Assert.Equal([folder.File("a")], Directory.GetFileSystemEntries(folder.Root));
        Assert.Equal(s_new, File.ReadAllBytes(folder.File("a")));
    }

    [Fact]
    public void Failure_while_writing_leaves_the_old_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), s_old);

        Assert.Throws<IOException>(() => PendingFile.Write(folder.File("a"), s =>
        {
            s.Write(s_new);
            throw new IOException("No space left on device");
        }));

        Assert.Equal([folder.File("a")], Directory.GetFileSystemEntries(folder.Root));
        Assert.Equal(s_old, File.ReadAllBytes(folder.File("a")));
    }

    [Fact]
    public void Link_keeps_pointing_to_the_file_that_is_replaced()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("real"), s_old);
        File.CreateSymbolicLink(folder.File("link"), folder.File("real"));

        using (var pending = PendingFile.Write(folder.File("link"), s => s.Write(s_new)))
        {
            pending.Commit();
        }

        Assert.NotNull(new FileInfo(folder.File("link")).LinkTarget);
        Assert.Equal(s_new, File.ReadAllBytes(folder.File("real")));
    }

    [Fact]
    public void Folder_as_destination_is_wrong_usage()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains("is a folder", Assert.Throws<UsageException>(() => PendingFile.Write(folder.Root, _ => { })).Message);
    }

    [Fact]
    public void Folder_that_does_not_exist_is_wrong_usage()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains("does not exist", Assert.Throws<UsageException>(() => PendingFile.Write(folder.File("no/where"), _ => { })).Message);
    }

    [Fact]
    public void Folder_that_cannot_be_written_to_is_wrong_usage()
    {
        using var folder = new TemporaryFolder();
        if (OperatingSystem.IsWindows() || Environment.UserName == "root")
        {
            return; // Nothing is forbidden to root.
        }

        File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Contains("cannot be written", Assert.Throws<UsageException>(() => PendingFile.Write(folder.File("a"), _ => { })).Message);
        File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
