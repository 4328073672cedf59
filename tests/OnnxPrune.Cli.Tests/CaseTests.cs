using System.Globalization;
using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>Small models that showed faults, as lie beside the project on some machines.</summary>
public sealed class CaseTests : TemporaryFolder
{
    [CaseTheory]
    [InlineData("t_weight_std", "macs=50%", 9_069_024)]
    [InlineData("mvn_lpnorm", "macs=50%", 11_133_248)]
    [InlineData("resnet20_ort_extended", "params=70%", 0)]
    public void Target_is_kept_by_what_is_left_as_another_count_says(string name, string target, long macs)
    {
        // when
        var outcome = Prune(name, "--target", target, "--repair", "none");

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var (before, after) = (Inspect(CaseTheoryAttribute.Path(name)), Inspect(At("out.onnx")));
        Assert.True(macs == 0 || before.Macs == macs);
        var (kind, share) = (target.Split('=')[0], int.Parse(target.Split('=')[1].TrimEnd('%'), CultureInfo.InvariantCulture) / 100.0);
        Assert.InRange(kind == "macs" ? (double)after.Macs / before.Macs : (double)after.Parameters / before.Parameters, 0.01, share);
    }

    [CaseTheory]
    [InlineData("sec_div_min_by_minus1", "does not survive")]
    [InlineData("sec_mem_constantofshape", "ONNXPRUNE_MEMORY_LIMIT")]
    [InlineData("sec_infinite_loop", "ONNXPRUNE_TIME_LIMIT")]
    public void Model_that_the_runtime_would_not_survive_ends_with_4_and_a_sentence(string name, string reason)
    {
        var environment = new Dictionary<string, string?> { ["ONNXPRUNE_TIME_LIMIT"] = "15" };

        var outcome = Cli.Finish(Cli.Start([CaseTheoryAttribute.Path(name), At("out.onnx"), "--target", "macs=80%"], environment));

        Assert.True(outcome.ExitCode == 4, outcome.Error);
        Assert.Contains(reason, outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [CaseTheory]
    [InlineData("sec_function_named_Relu")]
    public void Network_of_which_nothing_is_cut_stays_the_same(string name)
    {
        // when
        var outcome = Prune(name, "--target", "macs=100%", "--repair", "none");

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var verified = Cli.Run("verify", CaseTheoryAttribute.Path(name), At("out.onnx"), "--max-drift", "0.000001");
        Assert.True(verified.ExitCode == 0, verified.Error);
    }

    private Outcome Prune(string name, params string[] options) => Cli.Run([CaseTheoryAttribute.Path(name), At("out.onnx"), .. options]);

    private static (long Macs, long Parameters) Inspect(string path)
    {
        var outcome = Cli.Run("inspect", path, "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var document = JsonDocument.Parse(outcome.Output);
        Assert.Empty(document.RootElement.GetProperty("uncounted").EnumerateArray());
        return (document.RootElement.GetProperty("macs").GetInt64(), document.RootElement.GetProperty("params").GetInt64());
    }
}

/// <summary>A theory over ../shared/cases that is skipped, and says so, where that folder is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CaseTheoryAttribute : TheoryAttribute
{
    public CaseTheoryAttribute()
    {
        if (!Directory.Exists(Folder))
        {
            Skip = "The folder ../shared/cases is not there.";
        }
    }

    public static string Path(string name) => System.IO.Path.Combine(Folder, name + ".onnx");

    private static string Folder => System.IO.Path.Combine(Cli.Root, "..", "shared", "cases");
}
