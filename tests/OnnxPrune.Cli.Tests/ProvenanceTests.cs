using System.Security.Cryptography;
using Onnx;

namespace OnnxPrune.Cli.Tests;

public sealed class ProvenanceTests : TemporaryFolder
{
    private const string Key = "onnxprune.provenance";

    [Fact]
    public void A_pruned_model_says_its_rule_its_plan_and_what_was_cut()
    {
        // given
        var original = Parse(Cli.Resnet).Graph.Node.ToDictionary(n => n.Output[0]);

        // when
        Assert.Equal(0, Cli.Run(Cli.Resnet, At("a.onnx"), "--target", "macs=60%", "--plan-out", At("plan.json"), "--no-verify").ExitCode);

        // then
        var model = Parse(At("a.onnx"));
        var plan = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(At("plan.json"))));
        Assert.Matches($@"^onnxprune \S+: cut by the target macs=60%; plan SHA-256 {plan}$", Line(model));
        var marked = model.Graph.Node.Where(n => n.DocString.Contains("onnxprune: weight ", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(marked);
        Assert.All(marked, n => Assert.Equal(original[n.Output[0]].Name, n.Name));
        Assert.All(marked, n => Assert.StartsWith(original[n.Output[0]].DocString, n.DocString, StringComparison.Ordinal));
        var dims = model.Graph.Initializer.ToDictionary(i => i.Name, i => string.Join('x', i.Dims));
        Assert.All(marked, n => Assert.EndsWith($" cut to {dims[n.Input[1]]}", n.DocString, StringComparison.Ordinal));
    }

    [Fact]
    public void A_plan_keeps_its_rule_and_a_second_run_adds_a_line()
    {
        Assert.Equal(0, Cli.Run(Cli.Resnet, At("a.onnx"), "--target", "macs=80%", "--plan-out", At("p.json"), "--no-verify").ExitCode);
        Assert.Equal(0, Cli.Run(Cli.Resnet, At("b.onnx"), "--plan", At("p.json"), "--no-verify").ExitCode);
        Assert.Equal(0, Cli.Run(At("a.onnx"), At("c.onnx"), "--target", "macs=80%", "--no-verify").ExitCode);

        Assert.Equal(File.ReadAllBytes(At("a.onnx")), File.ReadAllBytes(At("b.onnx")));
        var lines = Line(Parse(At("c.onnx"))).Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(Line(Parse(At("a.onnx"))), lines[0]);
    }

    [Fact]
    public void A_run_that_cuts_nothing_says_nothing()
    {
        Assert.Equal(0, Cli.Run(Cli.Resnet, At("a.onnx"), "--target", "macs=100%", "--no-verify").ExitCode);

        Assert.DoesNotContain(Parse(At("a.onnx")).MetadataProps, p => p.Key == Key);
    }

    private static ModelProto Parse(string path) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));

    private static string Line(ModelProto model) => model.MetadataProps.Single(p => p.Key == Key).Value;
}
