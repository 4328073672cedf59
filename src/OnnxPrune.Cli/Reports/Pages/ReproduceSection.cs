using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>All that it takes to get the same again: the command, the hashes, the versions.</summary>
internal static class ReproduceSection
{
    /// <param name="models">Null for those that could not be read.</param>
    /// <param name="plan">Null where none was made.</param>
    public static Section Of(RunRecord run, IEnumerable<ReportModel?> models, PruningPlan? plan = null) => new(
        "reproduce",
        "How to reproduce",
        Element.Of("pre", Element.Of("code", string.Join(' ', run.CommandLine.Select(ShellWord.Quoted)))),
        Element.Of(
            "dl",
            Facts(run, models.OfType<ReportModel>(), plan).SelectMany(
                f => new[] { Element.Of("dt", f.Name), Element.Of("dd", Element.Of("code", f.Value)) })),
        run.Seconds.Count == 0 ? null : Table.Folded(
            "Seconds by step; a step may lie in another one", ["Step", "Seconds"], run.Seconds.Select(
                s => new[] { s.Key, s.Value.ToString("0.00", CultureInfo.InvariantCulture) })));

    private static IEnumerable<(string Name, string Value)> Facts(RunRecord run, IEnumerable<ReportModel> models, PruningPlan? plan)
    {
        foreach (var model in models)
        {
            yield return (model.File, $"SHA-256 {model.Sha256}, {Numbers.Bytes(model.FileBytes)}");
        }

        if (plan is { IsEmpty: false })
        {
            yield return (
                "plan (--plan-out writes it)",
                $"SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(plan.ToJson())))}");
        }

        yield return ("onnxprune", run.Versions.Onnxprune);
        yield return ("ONNX Runtime", run.Versions.OnnxRuntime);
        yield return (".NET", run.Versions.Dotnet);
        yield return ("processor", $"{run.Versions.Cpu}, {Numbers.Count(run.Versions.Cores, "core")}");
        yield return ("system", run.Versions.Os);
        if (run.Versions.Provider is { } provider)
        {
            yield return ("models ran on", provider);
        }

        yield return ("date", run.Date);
    }
}
