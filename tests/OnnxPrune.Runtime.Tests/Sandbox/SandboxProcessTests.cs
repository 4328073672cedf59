using System.Diagnostics;
using OnnxPrune.Runtime.Sandbox;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Sandbox;

namespace OnnxPrune.Runtime.Tests.Sandbox;

public sealed class SandboxProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public void Signals_of_a_terminal_are_left_to_the_parent()
    {
        using var process = SandboxProcess.Start(SandboxTask.Load, Patience)!;
        foreach (var signal in (string[])["int", "term", "hup"])
        {
            Signal(signal, process.Id);
        }

        Assert.Equal(Answer.Refused, Ask(process, Patience));
    }

    [Fact]
    public void A_process_that_something_ended_is_told_of()
    {
        using var process = SandboxProcess.Start(SandboxTask.Load, Patience)!;
        Signal("kill", process.Id);

        Assert.True(Assert.Throws<SandboxEndedException>(() => Ask(process, Patience)).HasStarted);
    }

    [Fact]
    public void A_process_that_does_not_answer_is_ended_when_its_time_is_over()
    {
        using var process = SandboxProcess.Start(SandboxTask.Load, Patience)!;
        Signal("stop", process.Id);

        Assert.Equal("not done in 2 s; ONNXPRUNE_TIME_LIMIT=SECONDS gives it more", Assert.Throws<SandboxEndedException>(() =>
            Ask(process, TimeSpan.FromSeconds(2))).Message);
    }

    [Fact]
    public void The_process_ends_with_its_owner()
    {
        var process = SandboxProcess.Start(SandboxTask.Load, Patience)!;
        using var seen = Process.GetProcessById(process.Id);

        process.Dispose();

        Assert.True(seen.WaitForExit(Patience));
    }

    private static Answer Ask(SandboxProcess process, TimeSpan limit) => process.Ask(
        // No path, and no inputs: the model follows.
        new[] { (byte)SessionSettings.LevelOf(Optimization.None), (byte)0, (byte)0, (byte)0, (byte)0, (byte)0 },
        new byte[] { 1, 2, 3 },
        (answer, rest) =>
        {
            rest.ReadString();
            return answer;
        },
        limit);

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{process}"]);
        kill.WaitForExit();
    }
}
