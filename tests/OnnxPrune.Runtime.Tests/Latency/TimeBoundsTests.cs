using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class TimeBoundsTests
{
    private const int Trials = 12;

    // Time that falls in steps of a hundred, as tiles of channels make it, on top of what no cut takes away.
    private static double Used(long size) => 0.3 + (1.2 * (size / 100 * 100) / 10_000);

    [Fact]
    public void Narrowing_ends_at_the_largest_size_that_was_fast_enough()
    {
        var asked = new List<long>();

        var bounds = new TimeBounds(1000, 10_000, Used(1000), Used(10_000)).Narrow(Trials, size =>
        {
            asked.Add(size);
            return (Used(size), size);
        });

        Assert.True(Used(bounds.Fewest) <= TimeBounds.Aim);
        Assert.Equal(asked.Where(s => Used(s) <= TimeBounds.Aim).Max(), bounds.Fewest);
        Assert.True(Used(bounds.Fewest) > 0.95, $"{bounds.Fewest} uses {Used(bounds.Fewest)}");
        Assert.InRange(asked.Count, 1, Trials - 1);
    }

    [Fact]
    public void Sizes_that_lead_to_the_same_network_are_not_tried_again()
    {
        // given: nothing but two networks, of which the larger is too slow
        var asked = new List<long>();

        // when
        var bounds = new TimeBounds(1000, 10_000, 0.5, 1.5).Narrow(Trials, size =>
        {
            asked.Add(size);
            return size >= 4000 ? (1.5, 4000) : (0.5, 1000);
        });

        // then
        Assert.InRange(bounds.Fewest, 1000, 3999);
        Assert.All(asked.Skip(1), size => Assert.True(size < 4000 || asked[0] < 4000));
        Assert.True(asked.Count(s => s >= 4000) <= 1);
    }

    [Fact]
    public void What_is_too_slow_shrinks_by_the_slope_and_by_a_step_at_least()
    {
        var bounds = new TimeBounds(0, 10_000, 0.5, 1.5);

        Assert.Equal(1000, bounds.Excess(TimeBounds.Aim + 0.1), 1.0);
        Assert.Equal(25, bounds.Excess(TimeBounds.Aim));
    }
}
