using OnnxPrune.Channels;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.SharedModels;

/// <summary>
/// Small models after reports of users, where they lie beside the checkout: what must be reached of each, and that it is right.
/// </summary>
public sealed class SharedCaseTests
{
    /// <summary>The file, the share of its parameters that must be reached, and the multiple of channels.</summary>
    public static TheoryData<string, double, int> Cuttable => new()
    {
        { "t_matte.onnx", 70, 8 },
        { "alpha_mask_nhwc.onnx", 70, 8 },
        { "eca.onnx", 70, 8 },
        { "mlp_gate_input.onnx", 70, 8 },
        { "reshape_back_shape.onnx", 50, 8 },
        { "lenet_dynhw28.onnx", 50, 8 },
        { "t_se_expand.onnx", 65, 8 },
        { "t_gn_static.onnx", 65, 8 },
        { "t_cat_zeros_like_dyn.onnx", 60, 8 },
        { "groups_differ.onnx", 70, 1 },
    };

    [SharedCasesTheory]
    [MemberData(nameof(Cuttable))]
    public void Case_reaches_its_share_and_masked_equals_pruned(string name, double percent, int multiple)
    {
        // given
        var model = OnnxFile.Read(SharedFiles.Case(name));
        RandomWeights.Fill(model, new Random(7));
        var shaped = ModelCopy.WithShapes(model);
        var request = new PruneRequest
        {
            AbsorbMeans = false,
            Targets = [Target.Parse($"params={percent}%")],
            Rounding =
            Rounding.Automatic(multiple)
        };

        // when
        var outcome = Pruner.Prune(NetworkAnalysis.Of(shaped, ConcreteShapes.Infer(shaped).Values), request);
        var run = MaskedEqualsPruned.Compare(model, outcome.Plan, RandomInputs.For(model, new Random(1), size: 28));

        // then
        Assert.True(
            outcome.After.Parameters <= percent / 100 * outcome.Before.Parameters,
            $"{outcome.After.Parameters} of {outcome.Before.Parameters} parameters are left");
        Assert.True(run.Error < MaskedEqualsPruned.Tolerance, $"masked and pruned differ by {run.Error}");
        Oracle.StatesItsShapes(run.Pruned);
    }

    [SharedCasesTheory]
    [InlineData("cbam.onnx", "reduces them to one value that depends on their number")]
    [InlineData("eca.onnx", "slides over this axis")]
    [InlineData("t_matte.onnx", "repeats this one channel along an axis")]
    public void Case_says_what_stays(string name, string reason)
    {
        var channels = ChannelFlow.Through(ModelCopy.WithShapes(OnnxFile.Read(SharedFiles.Case(name))));

        Assert.Contains(channels.Blocked, b => b.Reason.Contains(reason));
    }
}
