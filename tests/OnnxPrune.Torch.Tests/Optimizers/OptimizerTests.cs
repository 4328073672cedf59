using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;
using TorchSharp.Modules;

namespace OnnxPrune.Torch.Tests.Optimizers;

/// <summary>Against the published formulas in double precision, on Σ c · (w − goal)² with the gradient 2 c (w − goal).</summary>
public sealed class OptimizerTests
{
    private const int Steps = 50;
    private const double Tolerance = 1e-9;

    private static readonly double[] s_start = [1, -2, 0.5, 3];
    private static readonly double[] s_goal = [0.3, 0.1, -1, 2.9];
    private static readonly double[] s_curvature = [0.1, 5, 1, 1e-3];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.9, 0)]
    [InlineData(0.9, 0.05)]
    public void Sgd_follows_momentum_and_weight_decay(double momentum, double weightDecay)
    {
        // given
        using var scope = torch.NewDisposeScope();
        var parameter = Parameter();
        using var optimizer = new Sgd([parameter], momentum, weightDecay);

        // when
        for (var step = 0; step < Steps; step++)
        {
            Backward(parameter, optimizer.ClearGradients);
            optimizer.Step(Rate(step));
        }

        // then
        var (w, v) = (s_start.ToArray(), new double[s_start.Length]);
        for (var step = 0; step < Steps; step++)
        {
            for (var i = 0; i < w.Length; i++)
            {
                v[i] = (momentum * v[i]) + Gradient(w, i) + (weightDecay * w[i]);
                w[i] -= Rate(step) * v[i];
            }
        }

        Same(w, parameter);
    }

    [Fact]
    public void Adam_corrects_the_bias_of_its_first_steps()
    {
        // given
        using var scope = torch.NewDisposeScope();
        var parameter = Parameter();
        using var optimizer = new Torch.Optimizers.Adam(parameter);

        // when
        for (var step = 0; step < Steps; step++)
        {
            Backward(parameter, optimizer.ClearGradient);
            optimizer.Step(Rate(step));
        }

        // then
        var (w, m, v) = (s_start.ToArray(), new double[s_start.Length], new double[s_start.Length]);
        for (var step = 0; step < Steps; step++)
        {
            for (var i = 0; i < w.Length; i++)
            {
                var g = Gradient(w, i);
                m[i] = (0.9 * m[i]) + (0.1 * g);
                v[i] = (0.999 * v[i]) + (0.001 * g * g);
                w[i] -= Rate(step) * (m[i] / (1 - Math.Pow(0.9, step + 1))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, step + 1))) + 1e-8);
            }
        }

        Same(w, parameter);
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(1e6)]
    public void Clipped_gradients_keep_their_direction(double most)
    {
        // given
        using var scope = torch.NewDisposeScope();
        var (a, b) = (Parameter(), Parameter());
        using var optimizer = new Sgd([a, b], 0, 0);
        Backward(a, () => { });
        Backward(b, () => { });

        // when
        optimizer.ClipGradients(most);

        // then
        double[] gradient = [.. Enumerable.Range(0, s_start.Length).Select(i => Gradient(s_start, i))];
        var factor = Math.Min(1, most / Math.Sqrt(2 * gradient.Sum(g => g * g)));
        foreach (var parameter in new[] { a, b })
        {
            Assert.All(gradient.Zip(TensorBridge.FromTorch(parameter.grad!).ToDoubles()), p =>
                Assert.Equal(p.First * factor, p.Second, Tolerance));
        }
    }

    [Fact]
    public void Velocities_that_were_saved_go_on_to_the_same_numbers()
    {
        // given
        using var scope = torch.NewDisposeScope();
        var (whole, first) = (Parameter(), Parameter());
        using var uninterrupted = new Sgd([whole], 0.9, 0.01);
        using var before = new Sgd([first], 0.9, 0.01);
        Run(whole, uninterrupted, 6);
        Run(first, before, 3);

        // when
        using var after = new Sgd([first], 0.9, 0.01);
        after.Load(before.Save());
        Run(first, after, 3);

        // then
        Assert.Equal(whole.data<double>().ToArray(), first.data<double>().ToArray());
        Assert.Throws<InvalidDataException>(() => after.Load([1, 2, 3]));

        static void Run(Parameter parameter, Sgd optimizer, int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                Backward(parameter, optimizer.ClearGradients);
                optimizer.Step(0.01);
            }
        }
    }

    private static double Rate(int step) => 0.05 / (1 + (0.1 * step));

    private static double Gradient(double[] w, int i) => 2 * s_curvature[i] * (w[i] - s_goal[i]);

    private static Parameter Parameter() => new(torch.tensor(s_start));

    private static void Backward(Parameter parameter, Action clear)
    {
        using var scope = torch.NewDisposeScope();
        clear();
        var difference = parameter.sub(torch.tensor(s_goal));
        difference.mul(difference).mul(torch.tensor(s_curvature)).sum().backward();
    }

    private static void Same(double[] expected, Parameter found) =>
        Assert.All(expected.Zip(TensorBridge.FromTorch(found).ToDoubles()), p => Assert.Equal(p.First, p.Second, Tolerance));
}
