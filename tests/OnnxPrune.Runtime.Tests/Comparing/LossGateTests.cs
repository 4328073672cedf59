using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Runtime.Tests.Comparing;

public sealed class LossGateTests
{
    [Fact]
    public void What_has_no_limit_has_no_gate() => Assert.Empty(LossGate.Of(null, null, Compared(0.1, 0.9, 0.8)));

    [Fact]
    public void A_search_may_pass_its_limit_by_rounding_and_nothing_else_may()
    {
        var compared = Compared(0.10005);

        Assert.False(Assert.Single(LossGate.Of(0.1, null, compared)).Holds);
        Assert.True(Assert.Single(LossGate.Of(0.1, null, compared, LossLimits.Rounding)).Holds);
        LossLimits.Check(0.1, null, compared);
        var missed = Assert.Throws<VerificationFailedException>(() => LossLimits.Check(0.099, null, compared));
        Assert.Equal("The drift of 0.1001 exceeds --max-drift 0.099; nothing was written.", missed.Message);
    }

    [Fact]
    public void An_output_that_is_not_finite_keeps_no_limit() =>
        Assert.False(Assert.Single(LossGate.Of(0.1, null, Compared(double.NaN), LossLimits.Rounding)).Holds);

    [Theory]
    [InlineData(2.5, true)]
    [InlineData(2.4, false)]
    public void Accuracy_counts_in_points(double most, bool holds)
    {
        var gate = Assert.Single(LossGate.Of(null, most, Compared(0, 0.925, 0.9)));

        Assert.Equal((2.5, holds, "points of top-1 accuracy"), (gate.Measured, gate.Holds, gate.Unit));
    }

    [Fact]
    public void A_score_of_the_users_own_takes_the_place_of_accuracy()
    {
        var gate = Assert.Single(LossGate.Of(null, 0.1, Compared(0, 0.9, 0.1) with { Score = new ScorePair(0.7, 0.65) }));

        Assert.Equal((0.05, true, "of the score"), (gate.Measured, gate.Holds, gate.Unit));
    }

    [Fact]
    public void Accuracy_that_data_without_labels_cannot_tell_is_refused()
    {
        var compared = Compared(0) with { AccuracyData = "images" };

        var refused = Assert.Throws<UsageException>(() => LossLimits.Check(null, 1, compared));

        Assert.Equal("--max-drop wants data with labels, but images has none.", refused.Message);
    }

    [Fact]
    public void Accuracy_is_not_asked_where_no_data_were_given() => LossLimits.Check(null, 1, Compared(0) with { Accuracy = null });

    private static Comparison Compared(double drift, double? before = null, double? after = null) => new(
        new DriftReport(drift, [], 1),
        "inputs",
        new LatencyReport([], 0, 1, "CPU"),
        new AccuracyReport(10, [new ModelAccuracy("a", before, 1), new ModelAccuracy("b", after, 1)]),
        null);
}
