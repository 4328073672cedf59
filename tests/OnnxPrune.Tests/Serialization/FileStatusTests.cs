using System.Diagnostics;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class FileStatusTests
{
    [Fact]
    public void Links_of_both_kinds_are_the_same_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), "abc");
        File.WriteAllText(folder.File("other"), "abc");
        File.CreateSymbolicLink(folder.File("soft"), "a");
        using (var made = Process.Start("ln", [folder.File("a"), folder.File("hard")]))
        {
            made.WaitForExit();
        }

        Assert.True(FileStatus.AreSame(folder.File("a"), folder.File("soft")));
        Assert.True(FileStatus.AreSame(folder.File("hard"), folder.File("soft")));
        Assert.False(FileStatus.AreSame(folder.File("a"), folder.File("other")));
        Assert.Equal(3, FileStatus.Of(folder.File("soft"))!.Value.Length);
    }

    [Fact]
    public void Files_that_do_not_exist_yet_are_the_same_through_linked_folders()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("real"));
        Directory.CreateSymbolicLink(folder.File("link"), "real");

        Assert.True(FileStatus.AreSame(folder.File("real/new"), folder.File("link/new")));
        Assert.True(FileStatus.AreSame(folder.File("real/new"), folder.File("link/../real/./new")));
        Assert.False(FileStatus.AreSame(folder.File("real/new"), folder.File("link/newer")));
    }

    [Fact]
    public void Kinds_are_told_without_opening()
    {
        using var folder = new TemporaryFolder();
        Odd.Pipe(folder.File("pipe"));
        File.WriteAllText(folder.File("file"), "");

        Assert.Equal(FileKind.Pipe, FileStatus.Of(folder.File("pipe"))!.Value.Kind);
        Assert.Equal(FileKind.Regular, FileStatus.Of(folder.File("file"))!.Value.Kind);
        Assert.Equal(FileKind.Folder, FileStatus.Of(folder.Root)!.Value.Kind);
        Assert.Equal(FileKind.Device, FileStatus.Of("/dev/null")!.Value.Kind);
        Assert.Null(FileStatus.Of(folder.File("none")));
        Assert.Null(FileStatus.Of(folder.File("file/none")));
    }

    [Fact]
    public void Links_in_a_circle_fail()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File("a"), "b");
        File.CreateSymbolicLink(folder.File("b"), "a");

        Assert.Throws<IOException>(() => FileStatus.Of(folder.File("a")));
        Assert.Throws<IOException>(() => FileStatus.RealPath(folder.File("a")));
    }

    [Theory]
    [InlineData("", "empty path")]
    [InlineData("/dev/stdin", "is a stream")]
    [InlineData("/dev/zero", "is a device")]
    [InlineData("/", "is a folder")]
    [InlineData("/none", "does not exist")]
    public void What_is_no_file_is_not_opened(string path, string words) =>
        Assert.Contains(words, Assert.Throws<UsageException>(() => InputFile.Open(path)).Message);

    [Fact]
    public void Pipe_is_refused_at_once()
    {
        using var folder = new TemporaryFolder();
        Odd.Pipe(folder.File("pipe"));

        Assert.Contains("is a pipe", Assert.Throws<UsageException>(() => InputFile.ReadAllBytes(folder.File("pipe"), 10)).Message);
    }

    [Fact]
    public void Reading_has_a_bound()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), "abc");

        Assert.Equal("abc", InputFile.ReadAllText(folder.File("a"), 3));
        Assert.Contains("has 3 bytes, where at most 2 are read", Assert.Throws<UsageException>(() =>
            InputFile.ReadAllText(folder.File("a"), 2)).Message);
    }
}
