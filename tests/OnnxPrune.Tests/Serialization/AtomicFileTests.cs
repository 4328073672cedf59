using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class AtomicFileTests
{
    private static readonly byte[] s_old = [1, 2, 3];
    private static readonly byte[] s_new = [4, 5];

    [Fact]
    public void Without_commit_the_old_file_stays_and_nothing_else_does()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), s_old);

        using (AtomicFile.Write(folder.File("a"), s => s.Write(s_new)))
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

        using (var pending = AtomicFile.Write(folder.File("a"), s => s.Write(s_new)))
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

        Assert.Throws<IOException>(() => AtomicFile.Write(folder.File("a"), s =>
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

        using (var pending = AtomicFile.Write(folder.File("link"), s => s.Write(s_new)))
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

        Assert.Contains("is a folder", Assert.Throws<UsageException>(() => AtomicFile.Write(folder.Root, _ => { })).Message);
    }

    [Fact]
    public void Folder_that_does_not_exist_is_wrong_usage()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(
            "does not exist", Assert.Throws<UsageException>(() => AtomicFile.Write(folder.File("no/where"), _ => { })).Message);
    }

    [Fact]
    public void Folder_that_takes_no_files_is_wrong_usage()
    {
        // Nothing is forbidden to root, but for this.
        Assert.Contains("cannot be written", Assert.Throws<UsageException>(() => AtomicFile.Write("/proc/a", _ => { })).Message);
        Assert.Contains("cannot be written", Assert.Throws<UsageException>(() => AtomicFile.Check("/proc/a")).Message);
    }

    [Theory]
    [InlineData("/dev/null", "is a device")]
    [InlineData("/dev/stdout", "is a stream")]
    [InlineData("", "empty path")]
    public void What_is_no_file_is_not_replaced(string path, string words)
    {
        Assert.Contains(words, Assert.Throws<UsageException>(() => AtomicFile.Write(path, _ => { })).Message);
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("link to a pipe")]
    [InlineData("link to a device")]
    public void Link_to_what_is_no_file_is_not_replaced(string name)
    {
        using var folder = new TemporaryFolder();
        Odd.Pipe(folder.File("pipe"));
        File.CreateSymbolicLink(folder.File("link to a pipe"), folder.File("pipe"));
        File.CreateSymbolicLink(folder.File("link to a device"), "/dev/null");

        Assert.Contains(
            "cannot be replaced by a file", Assert.Throws<UsageException>(() => AtomicFile.Write(folder.File(name), _ => { })).Message);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.Root).Length);
    }

    [Fact]
    public void Link_to_nothing_yet_is_followed()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File("link"), "real");

        using (var pending = AtomicFile.Write(folder.File("link"), s => s.Write(s_new)))
        {
            pending.Commit();
        }

        Assert.Equal("real", new FileInfo(folder.File("link")).LinkTarget);
        Assert.Equal(s_new, File.ReadAllBytes(folder.File("real")));
    }

    [Theory]
    [InlineData('x', 255, 255)]
    [InlineData('\u00e4', 127, 255)]
    public void Names_are_as_long_as_the_file_system_allows(char letter, int longest, int bytes)
    {
        using var folder = new TemporaryFolder();
        var name = new string(letter, longest)
            + new string('.', bytes - System.Text.Encoding.UTF8.GetByteCount(new string(letter, longest)));

        using (var pending = AtomicFile.Write(folder.File(name), s => s.Write(s_new)))
        {
            pending.Commit();
        }

        Assert.Equal(s_new, File.ReadAllBytes(folder.File(name)));
        Assert.Contains("too long", Assert.Throws<UsageException>(() => AtomicFile.Check(folder.File(name + "x"))).Message);
    }

    [Fact]
    public void Check_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();

        AtomicFile.Check(folder.File("a"));

        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }
}
