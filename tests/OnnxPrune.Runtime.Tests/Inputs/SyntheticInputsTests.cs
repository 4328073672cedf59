using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Inputs;

public sealed class SyntheticInputsTests
{
    [Fact]
    public void The_generator_gives_the_published_numbers()
    {
        // SplitMix64 of 0 is e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, f88bb8a8724c81ec; xoshiro256** goes on from there.
        var random = new SeededRandom(0);

        Assert.Equal(0x99ec5f36cb75f2b4, random.NextBits());
        Assert.Equal(0xbf6e1f784956452a, random.NextBits());
    }

    [Fact]
    public void Normal_numbers_have_mean_0_and_variance_1()
    {
        var random = new SeededRandom(7);
        var numbers = Enumerable.Range(0, 100_000).Select(_ => random.NextNormal()).ToArray();

        // Three standard errors of 100,000 samples.
        Assert.InRange(numbers.Average(), -0.01, 0.01);
        Assert.InRange(numbers.Select(x => x * x).Average(), 0.986, 1.014);
    }

    [Fact]
    public void Every_type_of_input_gets_fitting_values_and_the_seed_decides()
    {
        var bytes = new TinyModel()
            .Input("a float [2, 3]").Input("b float16 [2, 3]").Input("c double [4]").Input("i int64 [4]").Input("m bool [4]")
            .Output("a1 float").Output("b1 float16").Output("c1 double").Output("i1 int64").Output("m1 bool")
            .Node("a1 = Identity(a)").Node("b1 = Identity(b)").Node("c1 = Identity(c)").Node("i1 = Identity(i)").Node("m1 = Identity(m)")
            .ToBytes();
        using var session = OnnxSession.Open(bytes);

        var inputs = SyntheticInputs.Make(session, 3);
        var outputs = session.Run(inputs);

        Assert.Equal(inputs["b"].ToFloats(), outputs["b1"].ToFloats());
        Assert.All(inputs["i"].ToLongs(), i => Assert.InRange(i, 0, 1));
        Assert.Equal(inputs["a"].ToFloats(), SyntheticInputs.Make(session, 3)["a"].ToFloats());
        Assert.NotEqual(inputs["a"].ToFloats(), SyntheticInputs.Make(session, 4)["a"].ToFloats());
        Assert.Equal(ElementType.Double, inputs["c"].ElementType);
    }

    [Fact]
    public void Open_dimensions_need_sizes()
    {
        using var session = OnnxSession.Open(new TinyModel().Input("x float [N, 2]").Output("y float").Node("y = Relu(x)").ToBytes());

        Assert.Throws<UsageException>(() => SyntheticInputs.Make(session, 0));
    }
}
