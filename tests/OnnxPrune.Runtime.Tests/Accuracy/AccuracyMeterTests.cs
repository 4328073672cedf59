using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Tests.Data;

namespace OnnxPrune.Runtime.Tests.Accuracy;

public sealed class AccuracyMeterTests
{
    [SharedTheory]
    [InlineData("resnet56_cifar10_A_bn_op13", "imagenet", 0.97)]
    [InlineData("resnet20_cifar10_A_fused_op13", "imagenet", 0.94)]
    [InlineData("resnet56_cifar10_B_sparse_bn_op13", "cifar10", 0.97)]
    public void Trained_networks_know_the_images_they_were_trained_on(string model, string normalization, double least)
    {
        var data = DataSource.Open(Shared.Cifar, normalization);
        using var session = OnnxSession.Open(Shared.Model(model));

        var report = AccuracyMeter.Measure([session], data, data.Sample(500, seed: 1));

        Assert.Equal(500, report.Samples);
        Assert.True(report.Models[0].Top1 >= least, $"{report.Models[0].Top1}");
    }

    [SharedFact]
    public void A_model_that_wants_channels_last_gets_them()
    {
        var data = DataSource.Open(Shared.Cifar, "unit");
        using var session = OnnxSession.Open(Shared.Model("marabou_cifar10_medium"));

        var report = AccuracyMeter.Measure([session], data, data.Sample(500, seed: 1));

        // 70.6 % on test images.
        Assert.InRange(report.Models[0].Top1!.Value, 0.62, 0.95);
    }

    [SharedFact]
    public void Kept_and_folded_normalization_predict_the_same()
    {
        var data = DataSource.Open(Shared.Cifar, "imagenet");
        using var kept = OnnxSession.Open(Shared.Model("resnet20_cifar10_A_bn_op13"));
        using var folded = OnnxSession.Open(Shared.Model("resnet20_cifar10_A_fused_op13"));

        var report = AccuracyMeter.Measure([kept, folded], data, data.Sample(200, seed: 1));

        Assert.True(report.Models[1].Agreement >= 0.99);
        Assert.Equal(1, report.Models[0].Agreement);
    }

    // From Wilson's formula by hand; a share of 0 or 1 has an interval, too.
    [Theory]
    [InlineData(0.5, 100, 0.4038, 0.5962)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(1, 10, 0.7225, 1)]
    [InlineData(0.92, 1000, 0.9015, 0.9353)]
    public void A_share_has_the_interval_of_its_samples(double share, int samples, double low, double high)
    {
        var interval = ModelAccuracy.Interval(share, samples);

        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
    }

    [Fact]
    public void Labels_and_predictions_are_compared_one_by_one()
    {
        using var models = new OppositeModels(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0);

        var report = AccuracyMeter.Measure([models.Same, models.Opposite], models.Data, batch: 3);

        Assert.Equal(0.5, report.Models[0].Top1);
        Assert.Equal(0, report.Models[1].Agreement);

        // Answers 0, 1, 2, 0 beside 1, 0, 0, 1.
        Assert.Equal((0.5 * 0.5) + (0.25 * 0.5), report.Models[1].ChanceAgreement);
    }

    [Theory]
    [InlineData(20, 0.75)]
    [InlineData(19, null)]
    public void Five_tries_count_where_classes_are_many(int classes, double? right)
    {
        using var folder = new TemporaryFolder();

        // Falling scores: class c is at place c, and of equal scores the first comes first.
        float[] falling = [.. Enumerable.Range(0, classes).Select(c => -(float)c)];
        var equal = new float[classes];
        NumpyFile.Archive(
            folder["d.npz"],
            ("x", NumpyFile.Of("<f4", $"(4, {classes})", [.. falling, .. falling, .. equal, .. falling])),
            ("y", NumpyFile.Of("<i4", "(4,)", [0, 4, 4, 5])));
        using var session =
            OnnxSession.Open(new TinyModel().Input($"x float [N, {classes}]").Output("y float").Node("y = Identity(x)").ToBytes());

        var report = AccuracyMeter.Measure([session, session], DataSource.Open(folder["d.npz"]), batch: 3);

        Assert.Equal((0.25, right), (report.Models[0].Top1!.Value, report.Models[1].Top5));
    }

    [Fact]
    public void What_is_no_classifier_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", "(1, 3)", [1f, 0, 0]));
        using var session =
            OnnxSession.Open(new TinyModel().Input("x float [N, 3]").Output("y float").Node("y = ReduceSum(x)").ToBytes(), name: "m.onnx");

        var e = Assert.Throws<UsageException>(() => AccuracyMeter.Measure([session], DataSource.Open(folder["x.npy"])));

        Assert.StartsWith("'m.onnx' is no classifier: its first output 'y' is Float[1, 1]", e.Message);
    }

    [Fact]
    public void Labels_beyond_the_classes_are_refused()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Archive(folder["d.npz"], ("x", NumpyFile.Of("<f4", "(1, 3)", [1f, 0, 0])), ("y", NumpyFile.Of("<i4", "(1,)", [7])));
        using var session = OnnxSession.Open(new TinyModel().Input("x float [N, 3]").Output("y float").Node("y = Identity(x)").ToBytes());

        Assert.Contains(
            "label 7", Assert.Throws<UsageException>(() => AccuracyMeter.Measure([session], DataSource.Open(folder["d.npz"]))).Message);
    }
}
