namespace OnnxPrune.Cli.Tests;

/// <summary>Real models that ONNX Runtime refuses, as lie beside the project on some machines.</summary>
public sealed class RefusedModelTests : TemporaryFolder
{
    public static TheoryData<string> Refused =>
        ["waveformer", "tsdr_dynamo", "mlperf_resnet8_int_pactops", "Candy_winmltools01", "pcb-aoi_customvision"];

    [SharedModelsTheory]
    [MemberData(nameof(Refused))]
    public void A_model_that_the_runtime_refuses_ends_with_4_and_one_sentence(string name)
    {
        // given
        var path = Path.Combine(SharedModelsTheoryAttribute.Folder, name + ".onnx");

        // when
        var outcome = Cli.Run(path, At("out.onnx"), "--target", "params=70%");

        // then
        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains("ONNX Runtime", outcome.Error);
        Assert.Contains("does not load", outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }
}
