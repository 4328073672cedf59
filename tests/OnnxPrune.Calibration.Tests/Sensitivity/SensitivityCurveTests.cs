using OnnxPrune.Calibration.Sensitivity;

namespace OnnxPrune.Calibration.Tests.Sensitivity;

public sealed class SensitivityCurveTests
{
    private static readonly double[] s_errors = [.. Enumerable.Range(1, 16).Select(i => 0.01 * i * i)];
    private static readonly int[] s_measurable = [3, 7, 11, 15];

    private readonly List<int> _measured = [];

    [Fact]
    public void Where_the_same_share_of_the_error_arrives_two_measurements_tell_all()
    {
        var damages = Over(i => 0.3 * s_errors[i]);

        Assert.Equal([3, 15], _measured.Order());
        Assert.All(s_errors.Zip(damages), p => Assert.Equal(0.3 * p.First, p.Second, 1e-12));
    }

    [Theory]
    [InlineData(1.4, 3)]
    [InlineData(2, 4)]
    public void Where_the_share_changes_more_is_measured_and_a_power_of_the_error_read_between(double power, int measurements)
    {
        var damages = Over(i => Math.Pow(s_errors[i], power));

        Assert.Equal(measurements, _measured.Count);
        Assert.All(s_errors.Zip(damages).Skip(3), p => Assert.Equal(1, p.Second / Math.Pow(p.First, power), 1e-9));
    }

    [Fact]
    public void Nothing_is_measured_twice()
    {
        Over(i => Math.Pow(s_errors[i], 3));

        Assert.Equal(_measured.Distinct(), _measured);
    }

    [Fact]
    public void Deeper_cuts_never_do_less_damage()
    {
        var damages = Over(i => i == 3 ? 0.5 : 0.1 * s_errors[i]);

        Assert.All(damages.Zip(damages.Skip(1)), p => Assert.True(p.First <= p.Second));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Errors_and_damages_of_nothing_give_numbers(double error, double damage)
    {
        var damages = SensitivityCurve.Over([0, error, error, error], [0, 1, 3], _ => damage);

        Assert.All(damages, d => Assert.InRange(d, 0, damage));
        Assert.Equal(damage, damages[^1]);
    }

    private double[] Over(Func<int, double> measure) => SensitivityCurve.Over(s_errors, s_measurable, i =>
    {
        _measured.Add(i);
        return measure(i);
    });
}
