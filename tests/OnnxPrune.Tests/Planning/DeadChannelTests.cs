using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class DeadChannelTests
{
    // What goes for free must not move the output beyond float rounding.
    private const double Exact = 1e-5;

    private static readonly PruneRequest s_onlyDead = new() { Rounding = new Rounding(1) };

    [Fact]
    public void Channels_with_zero_scale_and_shift_go()
    {
        var g = new TestGraph();
        g.Close(g.Conv(
            g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 6), Vector(g, 1, 0, 1, 0, 1, 1), Vector(g, 0.3, 0, 0.2, 0, 0, 1))), 4, kernel: 3));

        Assert.Equal(2, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_are_absorbed_by_an_unpadded_Conv()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(
            g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1))), 4, kernel: 3, pad: 0)));

        Assert.Equal(2, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_are_absorbed_by_a_Conv_without_bias()
    {
        var g = new TestGraph();
        g.Close(g.Relu(
            g.Conv(g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1))), 4, bias: false)));

        Assert.Equal(2, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_are_absorbed_by_a_Gemm()
    {
        var g = new TestGraph();
        g.Classify(g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1))));

        Assert.Equal(2, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_are_absorbed_by_a_bias_that_comes_through_Identity()
    {
        var g = new TestGraph();
        var x = g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1)));
        var y = new Wire(g.Op("Conv", [x, g.Weight(4, 4, 1, 1), g.Op("Identity", [g.Weight(4)])]), 4);
        g.Close(g.Relu(g.BatchNorm(y, Vector(g, 1, 0, 1, 1), Vector(g, 0.3, 0, 0.2, -1))));

        Assert.Equal(3, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_stay_before_a_padded_Conv()
    {
        var g = new TestGraph();
        g.Close(g.Conv(
            g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1))), 4, kernel: 3));

        // The one that Relu makes zero goes.
        Assert.Equal(1, DeadIn(g));
    }

    [Fact]
    public void Constant_channels_stay_when_nothing_may_be_absorbed()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 0), Vector(g, 0.3, 0.7, 0.2, -1))), 4)));

        Assert.Equal(1, DeadIn(g, s_onlyDead with { AbsorbMeans = false }));
    }

    [Fact]
    public void Constant_that_a_cast_to_integers_truncates_is_absorbed_as_the_integer()
    {
        var g = new TestGraph();
        var x = g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4), Vector(g, 1, 0, 1, 1), Vector(g, 0.3, 1.7, 0.2, -1));
        g.Close(g.Relu(g.Conv(g.Op("Cast", g.Op("Cast", x, ("to", 7L)), ("to", 1L)), 4)));

        Assert.Equal(1, DeadIn(g));
    }

    [Fact]
    public void Rows_of_zeros_without_bias_go()
    {
        var g = new TestGraph();
        var weight = g.Constant(Tensor.Of([.. Enumerable.Range(0, 12).Select(i => i is >= 3 and < 6 ? 0f : i - 5.5f)], 4, 3, 1, 1));
        g.Close(g.Conv(g.Relu(g.Conv(g.Input(3, 6, 6), 4, weight: weight, bias: false)), 4, kernel: 3));

        Assert.Equal(1, DeadIn(g));
    }

    [Fact]
    public void Channels_that_meet_only_zero_weights_go()
    {
        var g = new TestGraph();
        var weight = g.Constant(Tensor.Of([.. Enumerable.Range(0, 16).Select(i => i % 4 is 1 or 2 ? 0f : i - 7.5f)], 4, 4, 1, 1));
        g.Close(g.Relu(g.Conv(g.Relu(g.Conv(g.Input(3, 6, 6), 4)), 4, weight: weight)));

        Assert.Equal(2, DeadIn(g));
    }

    [Fact]
    public void Dead_channels_go_only_down_to_a_count_that_the_rounding_allows()
    {
        var g = new TestGraph();
        var scale = Vector(g, [.. Enumerable.Range(0, 16).Select(i => i < 10 ? 0.0 : 1)]);
        g.Close(g.Conv(g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 16), scale, Vector(g, new double[16]))), 4, kernel: 3));

        Assert.Equal(8, DeadIn(g, s_onlyDead with { Rounding = new Rounding(4) }));
    }

    [Fact]
    public void Excluded_layers_keep_their_dead_channels()
    {
        var g = new TestGraph();
        g.Close(g.Conv(
            g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 6), Vector(g, 1, 0, 1, 0, 1, 1), Vector(g, 0.3, 0, 0.2, 0, 0, 1))), 4, kernel: 3));

        Assert.Equal(0, DeadIn(g, s_onlyDead with { Exclude = new("^conv1$") }));
    }

    [Fact]
    public void Silent_branch_goes()
    {
        var g = Residual(silent: true);

        var outcome = Prune(g, s_onlyDead);

        Assert.Equal(1, outcome.DeadBlocks);
    }

    [Fact]
    public void Branch_that_speaks_stays() => Assert.Equal(0, Prune(Residual(silent: false), s_onlyDead).DeadBlocks);

    [Fact]
    public void Excluded_blocks_stay_even_when_they_are_silent()
    {
        var outcome = Prune(Residual(silent: true), s_onlyDead with { Exclude = new("add1|conv") });

        Assert.Equal(0, outcome.DeadBlocks);
    }

    private static TestGraph Residual(bool silent)
    {
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 6, 6), 4);
        var last = silent ? 0.0 : 0.1;
        var branch = g.BatchNorm(g.Conv(g.ConvBnRelu(x, 5), 4, 3), Vector(g, 0, 0, 0, last), Vector(g, 0, 0, 0, 0));
        g.Close(g.Relu(g.Add(branch, x)));
        return g;
    }

    private static string Vector(TestGraph g, params double[] values) =>
        g.Constant(Tensor.Of(Array.ConvertAll(values, v => (float)v), values.Length));

    private static int DeadIn(TestGraph g, PruneRequest? request = null) => Prune(g, request ?? s_onlyDead).DeadChannels;

    /// <summary>Prunes, and asserts that no output moved.</summary>
    private static PruneOutcome Prune(TestGraph g, PruneRequest request)
    {
        var original = ModelCopy.WithShapes(g.Build());
        var outcome = Pruner.Prune(NetworkAnalysis.Of(original), request);
        var inputs = RandomInputs.For(original, new Random(1));
        using var a = OnnxSession.Open(original, SessionSettings.Plain);
        using var b = OnnxSession.Open(outcome.Model, SessionSettings.Plain);
        Assert.InRange(MaskedEqualsPruned.RelativeError(a.Run(inputs), b.Run(inputs)), 0, Exact);
        return outcome;
    }
}
