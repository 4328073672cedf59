using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using OnnxPrune.Training.LowBits;
using TorchSharp;

namespace OnnxPrune.Training.Tests.LowBits;

public sealed class ActivationStepsTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Activations_take_the_nearest_of_evenly_spaced_numbers(int bits)
    {
        // given
        using var scope = torch.NewDisposeScope();
        using var steps = new ActivationSteps(bits);
        var x = torch.randn([16, 3, 5, 5], generator: new torch.Generator(1));

        // when
        steps.Fit(x);
        var found = TensorBridge.Floats(steps.Quantized(x));

        // then
        var (scale, zero) = steps.Parameters;
        double[] numbers = [.. Enumerable.Range(0, 1 << bits).Select(q => (double)scale * (q - zero))];
        var values = TensorBridge.Floats(x);
        Assert.InRange(zero, 1, (1 << bits) - 2);
        Assert.All(found.Zip(values), pair => Assert.Equal(
            numbers.Min(n => Math.Abs(n - pair.Second)), Math.Abs(pair.First - pair.Second), 1e-4));
    }

    [Fact]
    public void A_channel_of_large_variance_does_not_decide()
    {
        using var scope = torch.NewDisposeScope();
        using var steps = new ActivationSteps(3);
        var x = torch.rand([64, 16], generator: new torch.Generator(2));
        x.slice(1, 0, 1, 1).Scale(20);

        steps.Fit(x);

        // By squared errors it would reach most of 20.
        Assert.InRange(7 * steps.Parameters.Scale, 0.5, 3);
    }

    [Fact]
    public void The_gradient_goes_through_within_the_numbers()
    {
        using var scope = torch.NewDisposeScope();
        using var steps = new ActivationSteps(2);
        steps.Fit(torch.tensor(new float[] { 0, 1, 2, 3 }, [4, 1]));
        var x = torch.tensor([-1, 0.4f, 2.9f, 5], [4, 1], null, null, true);

        steps.Quantized(x).Times(2).sum().backward();

        Assert.Equal([0, 2, 2, 0], TensorBridge.Floats(x.grad!));
    }

    [Fact]
    public void Zeros_stay_zeros()
    {
        using var scope = torch.NewDisposeScope();
        using var steps = new ActivationSteps(4);
        var x = torch.zeros([2, 3]);

        steps.Fit(x);

        Assert.All(TensorBridge.Floats(steps.Quantized(x)), v => Assert.Equal(0, v));
    }
}
