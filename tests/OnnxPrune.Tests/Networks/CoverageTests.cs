using Coverage;
using ModelMaker;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Networks;

/// <summary>The share of every made network that can be cut, written down: a rule that stops following channels shows here.</summary>
public sealed class CoverageTests
{
    // What the mask of 40 % of the parameters moves is far from rounding.
    private const double SmallestEffect = 1e-3;

    /// <summary>Percent of the parameters and MACs that depend on channels which can leave, and of the layers' channels that can.</summary>
    public static TheoryData<string, double, double, double> Expected => new()
    {
        { "resnet20_cifar_A", 100, 100, 98.6 },
        { "resnet20_cifar_B", 100, 100, 98.7 },
        { "bottleneck56_v1", 100, 100, 99.8 },
        { "bottleneck56_v2", 100, 100, 99.8 },
        { "vgg11_cifar", 100, 100, 99.6 },
        { "densenet_mini", 100, 100, 98.8 },
        { "resnext_mini", 100, 100, 99.4 },
        { "se_resnet_mini", 100, 100, 99.4 },
        { "mobilenet_v2_mini", 100, 100, 99.3 },
        { "shufflenet_v2_mini", 100, 100, 99 },
        { "inception_mini", 100, 100, 98.2 },
        { "unet_mini", 100, 100, 99.5 },
        { "inception_v3_mini", 100, 100, 99.1 },
        { "inception_v4_mini", 100, 100, 98.8 },
        { "squeezenet_mini", 100, 100, 97.9 },
        { "regnet_y_mini", 100, 100, 99.3 },
        { "wide_resnet_mini", 100, 100, 98.6 },
        { "mobilenet_v1_mini", 100, 100, 98.7 },
        { "mobilenet_v3_mini", 100, 100, 99.3 },
        { "efficientnet_mini", 100, 100, 99.4 },
        { "mnasnet_mini", 100, 100, 99.4 },
        { "convnext_mini", 76.5, 75.9, 60.9 },
        { "convnext_gelu_mini", 76.6, 75.9, 60.9 },
        { "group_norm_mini", 100, 100, 96.8 },
        { "vit_mini", 84.3, 86.3, 71.4 },
        { "mlp", 100, 100, 94.1 },
        { "fcn_mini", 100, 100, 96.9 },
        { "deeplab_v3_mini", 100, 100, 98.8 },
        { "yolo_mini", 100, 100, 98.4 },
        { "fpn_mini", 100, 100, 94.8 },
        { "faster_rcnn_mini", 100, 100, 98.4 },
        { "two_inputs_mini", 100, 100, 94.4 },
        { "wavelet_mini", 100, 100, 91.8 },
        { "shared_weights_mini", 99.9, 100, 95 },
        { "resnet20_cifar_B_tf2onnx", 100, 100, 98.7 },
        { "inception_mini_tf2onnx", 100, 100, 98.2 },
        { "vgg11_cifar_opset7", 100, 100, 99.6 },
        { "unet_mini_opset9", 100, 100, 99.5 },
        { "mobilenet_v3_mini_opset24", 100, 100, 99.3 },
        { "squeezenet_mini_fp16", 100, 100, 97.9 },
        { "se_resnet_mini_bf16", 100, 100, 99.4 },
        { "mlp_fp64", 100, 100, 94.1 },
        { "mobilenet_v2_mini_qdq", 100, 100, 99.3 },
        { "resnext_mini_qdq", 100, 100, 99.4 },
        { "inception_mini_functions", 100, 100, 98.2 },
        { "se_resnet_mini_if_loop", 99.8, 100, 90 },
        { "fcn_mini_dynamic", 100, 100, 96.9 },
    };

    [Theory]
    [MemberData(nameof(Expected))]
    public void Network_loses_40_percent_of_its_parameters_and_masked_equals_pruned(
        string name, double parameters, double macs, double channels)
    {
        // given
        var network = Catalog.Find(name)!;
        var made = MadeNetwork.Make(network, new MakeOptions());

        // when
        var coverage = NetworkCoverage.Of(OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(made.Model)));

        // then
        Assert.Equal(
            (parameters, macs, channels),
            (Percent(coverage.Share.Parameters), Percent(coverage.Share.Macs), Percent(coverage.Share.Channels)));
        Assert.True(
            NetworkCoverage.Wanted.IsMet(coverage.After, coverage.Before),
            $"{coverage.After.Parameters} of {coverage.Before.Parameters} parameters are left");
        Assert.True(coverage.Error < Tolerance(network), $"masked and pruned differ by {coverage.Error}");
        Assert.True(coverage.Effect > SmallestEffect, $"the mask changes the output by {coverage.Effect} only");
    }

    [Fact]
    public void Every_family_and_style_is_written_down() =>
        Assert.Empty(Catalog.All.Where(n => !IsDeeperThanAnother(n)).Select(n => n.Name).Except(Expected.Select(row => (string)row[0])));

    // ResNets of the same blocks as one that is in the table, and many more of them.
    private static bool IsDeeperThanAnother(Network network) =>
        network.Name.StartsWith("resnet", StringComparison.Ordinal) && !network.Name.StartsWith("resnet20_", StringComparison.Ordinal);

    // Sums that round differently fall on a neighbouring step of a quantized value.
    private static double Tolerance(Network network) =>
        network.Style == ModelMaker.Styles.Style.Half
            || network.Style == ModelMaker.Styles.Style.Quantized ? MaskedEqualsPruned.HalfTolerance : MaskedEqualsPruned.Tolerance;

    private static double Percent(double share) => Math.Round(share * 100, 1);
}
