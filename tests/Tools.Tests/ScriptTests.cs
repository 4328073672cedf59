namespace Tools.Tests;

public sealed class ScriptTests
{
    /// <summary>Everything under tools and .ci that opens as a bash script.</summary>
    public static TheoryData<string> Scripts { get; } = new(
        new[] { "tools", ".ci" }
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder)))
            .Where(path => File.ReadLines(path).FirstOrDefault() == "#!/usr/bin/env bash")
            .Select(path => Path.GetRelativePath(Repository.Root, path)));

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_is_executable_and_parses(string script)
    {
        var path = Path.Combine(Repository.Root, script);

        Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(new Command(0, "", ""), Command.Run("bash", ["-n", path]));
    }
}
