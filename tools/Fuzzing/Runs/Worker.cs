using System.Diagnostics;
using Fuzzing.Targets;
using OnnxPrune;

namespace Fuzzing.Runs;

/// <summary>
/// Runs one case after the other until it is killed, and says on stdout how each ended: <c>ok OUTCOME ALLOCATED SIZE</c>, or
/// <c>finding SIGNATURE TAB MESSAGE</c>.
/// </summary>
internal static class Worker
{
    // The graphs of a model, its plan and its copies take a multiple of the file; .NET, the runtime and the seeds a constant.
    private const long AllowedBytes = 256L << 20;
    private const long AllowedPerByte = 400;

    // A few bytes of ConstantOfShape stand for a whole weight; what the tool makes of all of them is bounded by itself.
    private const long AllowedForComputedWeights = 2L << 30;

    public static int Run(FuzzTarget target, int seed, long from, string? program)
    {
        using var folder = new OnnxPrune.Testing.TemporaryFolder();
        EndWithParent();
        target.Start(folder.Root, program);
        for (var index = from; ; index++)
        {
            Console.Out.WriteLine(RunCase(target, new CaseId(target.Name, seed, index)));
            Console.Out.Flush();
        }
    }

    // Nothing is ever written to stdin: it ends when the campaign does, by whatever cause.
    private static void EndWithParent() => new Thread(() =>
    {
        Console.In.ReadToEnd();
        Environment.Exit(0);
    })
    { IsBackground = true }.Start();

    private static string RunCase(FuzzTarget target, CaseId id)
    {
        var random = id.Random();
        var input = target.Make(random);
        var before = GC.GetTotalAllocatedBytes();
        try
        {
            var outcome = Outcome(target, input, random);
            var allocated = GC.GetTotalAllocatedBytes() - before;
            return !target.BoundsMemory || allocated <= AllowedFor(input.Bytes)
                ? FormattableString.Invariant($"ok {outcome} {allocated} {input.Bytes.Length}")
                : Finding($"memory {outcome}", FormattableString.Invariant(
                    $"{allocated} bytes were allocated for an input of {input.Bytes.Length}"));
        }
        catch (FindingException e)
        {
            return Finding(e.Message.Split(':')[0], e.Message);
        }
        catch (Exception e)
        {
            return Finding($"{e.GetType().Name} {Place(e)}", e.ToString());
        }
    }

    private static long AllowedFor(byte[] input) =>
        AllowedBytes + (AllowedPerByte * input.Length) + (input.AsSpan().IndexOf("ConstantOfShape"u8) >= 0 ? AllowedForComputedWeights : 0);

    private static string Outcome(FuzzTarget target, FuzzInput input, Random random)
    {
        try
        {
            return target.Feed(input, random);
        }
        catch (OnnxPruneException e)
        {
            return e.GetType().Name;
        }
    }

    private static string Finding(string signature, string message) => $"finding {OnOneLine(signature)}\t{OnOneLine(message)}";

    private static string OnOneLine(string text) =>
        string.Join(" | ", text.Split(['\n', '\t'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The innermost method of ours: faults with the same one are taken for the same fault.</summary>
    private static string Place(Exception e)
    {
        var frames = new StackTrace(e)
            .GetFrames()
            .Select(f => f.GetMethod())
            .Where(m => m?.DeclaringType?.Namespace?.StartsWith(nameof(OnnxPrune), StringComparison.Ordinal) == true);
        return frames.FirstOrDefault() is { } method ? $"{method.DeclaringType!.Name}.{method.Name}" : "outside";
    }
}
