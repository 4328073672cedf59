using OnnxPrune.Calibration.Distillation;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Distillation;

public sealed class NetworkDistillerTests
{
    // So many that a few rounds are what the budget leaves.
    private const double Macs = 1e9;

    public static TheoryData<string> Kinds => Networks.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Comes_closer_to_the_original_on_inputs_that_it_never_saw(string kind)
    {
        var original = ModelCopy.WithShapes(Networks.Make(kind));
        var changed = Disturbed(original);
        var unseen = Inputs(original, 4, 7);
        var before = Error(original, changed, unseen);

        var result = new NetworkDistiller(1).Run(original, changed, Inputs(original, 200, 3), Macs, 0, null, default);

        // Several outputs, halves and what there is no gradient for are left as they are.
        if (kind is "two outputs" or "half" or "transposed conv" or "computed size")
        {
            Assert.Equal((0, before), (result.Epochs, Error(original, changed, unseen)));
            var reason = kind switch { "transposed conv" => "ConvTranspose", "computed size" => "Resize", _ => "one input and one output" };
            Assert.Contains(reason, result.WhyUnchanged);
            return;
        }

        Assert.InRange(result.Epochs, 1, 40);
        Assert.Null(result.WhyUnchanged);
        Assert.InRange(Error(original, changed, unseen) / before, 0, 0.9);
    }

    [Fact]
    public void Leaves_a_network_that_gives_the_answers_already_as_it_is()
    {
        var original = ModelCopy.WithShapes(Networks.Make("identity"));
        var copy = original.Clone();

        var result = new NetworkDistiller(1).Run(original, copy, Inputs(original, 20, 3), Macs, 0, null, default);

        Assert.Equal(new Distilled(0, "the answers came no closer on 16 inputs that were held out"), result);

        Assert.Equal(OnnxFile.ToBytes(original), OnnxFile.ToBytes(copy));
    }

    [Fact]
    public void Takes_no_inputs_where_they_are_too_few()
    {
        var original = ModelCopy.WithShapes(Networks.Make("chain"));

        var result = new NetworkDistiller(1).Run(original, Disturbed(original), Inputs(original, 2, 3), Macs, 0, null, default);

        Assert.Contains("and 20 are wanted", result.WhyUnchanged);
    }

    [Fact]
    public void Gives_the_same_bytes_on_one_thread_and_on_several()
    {
        var original = ModelCopy.WithShapes(Networks.Make("identity"));
        var bytes = new[] { 1, 2, 2 }.Select(threads =>
        {
            var copy = Disturbed(original);
            var result = new NetworkDistiller(threads).Run(original, copy, Inputs(original, 40, 3), Macs * 10, 0, null, default);
            Assert.NotEqual(0, result.Epochs);
            return OnnxFile.ToBytes(copy);
        }).ToArray();

        Assert.Equal(bytes[0], bytes[1]);
        Assert.Equal(bytes[0], bytes[2]);
    }

    [Fact]
    public void Ends_when_it_is_told_to()
    {
        var original = ModelCopy.WithShapes(Networks.Make("chain"));
        using var stop = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() =>
            new NetworkDistiller(1).Run(original, Disturbed(original), Inputs(original, 20, 3), Macs, 0, _ => stop.Cancel(), stop.Token));
    }

    /// <summary>A copy whose weights are a little off.</summary>
    private static Model Disturbed(Model original)
    {
        var copy = original.Clone();
        var random = new Random(5);
        foreach (var layer in copy.Graph.Nodes.Where(n => n.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul"))
        {
            if (layer.Inputs[1] is { Initializer: { } weight } value)
            {
                Graph.SetInitializer(
                    value, weight.WithValues([.. weight.ToDoubles().Select(v => v * (0.6 + (0.8 * random.NextDouble())))]));
            }
        }

        return copy;
    }

    /// <summary>Batches of 8, or of the size that the model fixes.</summary>
    private static IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Inputs(Model model, int batches, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, batches).Select(_ => RandomInputs.For(model, random, batch: 8))];
    }

    private static double Error(Model original, Model other, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> inputs)
    {
        using var expected = OnnxSession.Open(original, SessionSettings.Plain);
        using var actual = OnnxSession.Open(other, SessionSettings.Plain);
        return inputs.Sum(i => expected
            .Run(i).Values
            .Zip(actual.Run(i).Values)
            .Sum(p => p.First.ToDoubles().Zip(p.Second.ToDoubles()).Sum(e => Math.Pow(e.First - e.Second, 2))));
    }
}
