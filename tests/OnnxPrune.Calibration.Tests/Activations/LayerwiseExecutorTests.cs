using OnnxPrune.Calibration.Activations;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Activations;

public sealed class LayerwiseExecutorTests
{
    private const double Rounding = 1e-4;
    private const double HalfRounding = 2e-2;

    private static readonly SessionSettings s_settings = new() { Threads = 1, Deterministic = true };

    public static TheoryData<string> Kinds => Networks.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gives_the_values_of_a_whole_run(string kind) => Compare(kind, new ActivationStore());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gives_the_same_from_a_file(string kind)
    {
        var store = new ActivationStore(mostInMemory: 1000);

        Compare(kind, store);

        Assert.True(store.FileLength > 0);
    }

    [Fact]
    public void Holds_what_is_to_be_looked_at_later()
    {
        var model = Networks.Make("chain");
        var inputs = Networks.Inputs(model, 1, 8);
        var early = model.Graph.TopologicalOrder()[0].Output;
        using var cursor = new LayerwiseExecutor(model, inputs, s_settings);

        cursor.MoveBehind(1, [early]);
        cursor.MoveBehind(4, [early]);

        Assert.True(cursor.Reaches(early));
        Assert.False(cursor.Reaches(model.Graph.TopologicalOrder()[1].Output));
        Assert.True(cursor.Reaches(model.Graph.Outputs[0]));
        using var whole = new LayerwiseExecutor(model, inputs, s_settings);
        foreach (var (held, expected) in cursor.Look([early]).Zip(whole.Look([early])))
        {
            Assert.Equal(
                RuntimeTensor.ToTensor(expected[early], "expected").ToDoubles(), RuntimeTensor.ToTensor(held[early], "held").ToDoubles());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_tail_gives_what_weights_before_it_have_become_since(string kind)
    {
        var model = Networks.Make(kind);
        var inputs = Networks.Inputs(model, 1, kind == "fixed batch" ? 64 : 8);
        var layer = model.Graph.TopologicalOrder()
            .First(n => n.OpType is "Conv" or "Gemm" or "MatMul" && n.Input(1) is { IsInitializer: true });
        using var cursor = new LayerwiseExecutor(model, inputs, s_settings);
        cursor.MoveBehind(cursor.PlaceOf(layer) - 1);
        Value[] outputs = [.. model.Graph.Outputs.Where(o => o != layer.Output)];
        using var tail = cursor.Behind(layer.Output, outputs);
        var before = All(tail.Look());

        var weight = layer.Inputs[1]!;
        Graph.SetInitializer(weight, weight.Initializer!.WithValues([.. weight.Initializer!.ToDoubles().Select(w => -w)]));

        var after = All(tail.Look());
        Assert.NotEqual(before, after);
        var rounding = kind == "half" ? HalfRounding : Rounding;
        Assert.All(All(cursor.Look(outputs)).Zip(after), p => Assert.Equal(p.First, p.Second, rounding));

        double[] All(IEnumerable<BatchValues> batches) =>
            [.. batches.SelectMany(b => outputs.SelectMany(o => RuntimeTensor.ToTensor(b[o], "an output").ToDoubles()).ToArray())];
    }

    private static void Compare(string kind, ActivationStore store)
    {
        var model = Networks.Make(kind);
        var inputs = Networks.Inputs(model, 1, kind == "fixed batch" ? 64 : 8);
        using var cursor = new LayerwiseExecutor(model, inputs, s_settings, store);

        for (var place = 0; place < model.Graph.Nodes.Count - 1; place += 3)
        {
            cursor.MoveBehind(place);
        }

        var output = model.Graph.Outputs[^1];
        var b = 0;
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), model.Folder, s_settings, "the model");
        foreach (var batch in cursor.Look([output]))
        {
            var found = RuntimeTensor.ToTensor(batch[output], "the output");
            var expected = session.Run(inputs[b++])[output.Name];
            Assert.True(MaskedEqualsPruned.RelativeError(expected, found) < (kind == "half" ? HalfRounding : Rounding));
        }

        Assert.Equal(inputs.Count, b);
    }
}
