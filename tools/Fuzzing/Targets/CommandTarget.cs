using System.Diagnostics;
using System.Text.RegularExpressions;
using Fuzzing.Mutations;
using Fuzzing.Runs;
using Fuzzing.Seeds;
using OnnxPrune;
using OnnxPrune.Serialization;

namespace Fuzzing.Targets;

/// <summary>Damaged models through the published program: the right exit code, one sentence, whole files or none.</summary>
internal sealed partial class CommandTarget : FuzzTarget
{
    private const int LargestExitCode = 4;

    private static readonly string[][] Commands =
    [
        ["{in}", "{out}", "--target", "params=70%", "--no-verify"],
        ["{in}", "{out}", "--target", "macs=70%", "--threads", "1"],
        ["{in}", "{out}", "--granularity", "blocks,channels", "--report", "{folder}/r.json"],
        [
            "{in}",
            "{out}",
            "--criterion",
            "l1",
            "--target",
            "channels=80%",
            "--no-verify",
            "--report",
            "{folder}/r.md",
            "--plan-out",
            "{folder}/p.json"
        ],
        ["inspect", "{in}"],
        ["inspect", "{in}", "--json"],
        ["verify", "{in}", "{in}", "--threads", "1"],
    ];

    private string _folder = "";
    private string _program = "";

    public override string Name => "cli";

    public override TimeSpan Patience => TimeSpan.FromSeconds(90);

    public override bool NeedsProgram => true;

    public override void Start(string folder, string? program) =>
        (_folder, _program) = (folder, program ?? throw new UsageException("--program is missing."));

    public override FuzzInput Make(Random random) => new(ModelMutation.Apply(ModelSeeds.Small(random), random), ".onnx");

    public override string Feed(FuzzInput input, Random random)
    {
        var folder = Path.Combine(_folder, "run");
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "in.onnx"), input.Bytes);
            File.WriteAllBytes(Path.Combine(folder, GraphMutation.DataFile), new byte[4096]);
            var arguments = Array.ConvertAll(Commands[random.Next(Commands.Length)], a =>
                a.Replace("{in}", Path.Combine(folder, "in.onnx")).Replace("{out}", Path.Combine(folder, "out.onnx"))
                    .Replace("{folder}", folder));
            var (code, error) = Run(arguments);
            Check(folder, code, error, arguments);
            return FormattableString.Invariant($"exit-{code}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private (int ExitCode, string Error) Run(string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(_program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput =
                true
            })!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.Result);
    }

    private static void Check(string folder, int code, string error, string[] arguments)
    {
        var what = FormattableString.Invariant($"exit code {code} of {string.Join(' ', arguments.Where(a => !a.StartsWith('/')))}");
        var sentences = error
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => !IsNews(l))
            .ToArray();
        if (code is < 0 or > LargestExitCode
            || error.Contains("should not happen", StringComparison.Ordinal)
            || error.Contains("   at ", StringComparison.Ordinal))
        {
            throw new FindingException($"{what}: {error}");
        }

        if (code == 0 ? sentences.Length > 0 : sentences is not [{ } sentence]
            || !sentence.StartsWith("onnxprune: ", StringComparison.Ordinal))
        {
            throw new FindingException($"{what} without exactly one sentence: {error}");
        }

        var output = Path.Combine(folder, "out.onnx");
        if (File.Exists(output) && (code != 0 || !IsModel(output)))
        {
            throw new FindingException($"{what} leaves an output that is not whole: {error}");
        }

        if (Directory.EnumerateFiles(folder, ".*").Any())
        {
            throw new FindingException($"{what} leaves a temporary file: {error}");
        }
    }

    /// <summary>True for what a run that goes well may say: notes, the points of a search, and its progress once it has lasted.</summary>
    private static bool IsNews(string line) =>
        line.StartsWith("note: ", StringComparison.Ordinal)
        || line.StartsWith("tried: ", StringComparison.Ordinal)
        || Progress().IsMatch(line);

    [GeneratedRegex(@"^ *\d+ s  \S")]
    private static partial Regex Progress();

    private static bool IsModel(string path)
    {
        try
        {
            OnnxFile.Read(path);
            return true;
        }
        catch (BrokenModelException)
        {
            return false;
        }
    }
}
