using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Sessions;

public sealed class OnnxSessionTests
{
    private static readonly byte[] Relu = new TinyModel().Input("x float [N, 2]").Output("y float [N, 2]").Node("y = Relu(x)").ToBytes();

    [Fact]
    public void A_session_runs_on_named_inputs()
    {
        using var session = OnnxSession.Open(Relu);

        var outputs = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Of([-1f, 2f], 1, 2) });

        Assert.Equal([0f, 2f], outputs["y"].ToFloats());
        Assert.Equal("'x' Float[N, 2]", session.Inputs[0].ToString());
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_named()
    {
        using var session = OnnxSession.Open(Relu, name: "m.onnx");

        var missing = Assert.Throws<UsageException>(() => session.Run(new Dictionary<string, Tensor>()));
        var unknown = Assert.Throws<UsageException>(() => session.Run(new Dictionary<string, Tensor> { ["q"] = Tensor.Of([1f], 1) }));
        var wrong = Assert.Throws<UsageException>(() =>
            session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Of([1f, 2, 3], 1, 3) }));

        Assert.Equal("'m.onnx' wants the input 'x' Float[N, 2], which is not given.", missing.Message);
        Assert.Equal("'m.onnx' has no input 'q'; it has 'x'.", unknown.Message);
        Assert.Equal("'m.onnx' wants the input 'x' Float[N, 2], but is given Float[1, 3].", wrong.Message);
    }

    [Fact]
    public void A_failure_while_running_is_one_sentence()
    {
        var bytes = new TinyModel().Input("x float [2, 3]").Input("s int64 [1]").Output("y float").Node("y = Reshape(x, s)").ToBytes();
        using var session = OnnxSession.Open(bytes, name: "m.onnx");

        var e = Assert.Throws<UnsupportedModelException>(() =>
            session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Of(new float[6], 2, 3), ["s"] = Tensor.Of([5L]) }));

        Assert.StartsWith("'m.onnx': ONNX Runtime ", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(".cc", e.Message);
        Assert.DoesNotContain(".h:", e.Message);
    }

    [Theory]
    [InlineData(
        "/build/a/core/graph/graph.cc:12 void onnxruntime::Graph::Resolve(const Options&) The node is bad.\n\nStacktrace:\n...",
        "The node is bad")]
    [InlineData(
        "[ErrorCode:Fail] Load model from x.onnx failed:Fatal error: a:B(-1) is not a registered function/op",
        "a:B(-1) is not a registered function/op")]
    [InlineData("[ErrorCode:InvalidGraph] This is an invalid model. Error: the graph is not acyclic.", "the graph is not acyclic")]
    [InlineData("", "it gives no reason")]
    public void Reasons_lose_codes_files_and_stack_traces(string message, string reason) =>
        Assert.Equal(reason, SessionFailure.Reason(message));

    [Fact]
    public void Garbage_and_missing_files_are_refused()
    {
        Assert.Throws<UsageException>(() => OnnxSession.Open("/no/such/file.onnx"));
        Assert.Throws<UnsupportedModelException>(() => OnnxSession.Open([1, 2, 3]));
    }

    [Fact]
    public void Providers_are_described_and_Cuda_is_used_or_refused()
    {
        Assert.Matches("^ONNX Runtime [0-9.]+, CPU, .+, 1 thread$", Providers.Describe(SessionSettings.Plain));
        Assert.Throws<UsageException>(() => ExecutionProviders.Parse("tpu"));
        if (Providers.HasCuda)
        {
            Assert.Equal(ExecutionProvider.Cuda, Providers.Resolve(ExecutionProvider.Auto));
            return;
        }

        Assert.Equal(ExecutionProvider.Cpu, Providers.Resolve(ExecutionProvider.Auto));
        var e = Assert.Throws<UsageException>(() =>
            OnnxSession.Open(Relu, settings: new SessionSettings { Provider = ExecutionProvider.Cuda }));
        Assert.StartsWith("--provider cuda: ONNX Runtime ", e.Message);
    }

    [Fact]
    public void Sessions_share_an_arena()
    {
        using var session = OnnxSession.Open(Relu);

        // A runtime that refuses it would be found out by nothing else than time and memory.
        Assert.True(SharedArena.IsThere);
    }

    [Fact]
    public void The_profile_tells_where_operators_ran()
    {
        var model = Serialization.OnnxFile.FromBytes(Relu);

        var use = ProviderUse.Measure(model, new Dictionary<string, Tensor> { ["x"] = Tensor.Of([-1f, 2f], 1, 2) }, new SessionSettings());

        Assert.Equal(1, use.Operators["CPUExecutionProvider"]);
        Assert.Throws<UnsupportedModelException>(() => use.RequireCuda("m.onnx"));
    }

    [SharedFact]
    public void External_data_are_found_by_path_and_by_folder()
    {
        var path = Shared.Model("simple_cnn");
        using var fromPath = OnnxSession.Open(path);
        using var fromModel = OnnxSession.Open(Serialization.OnnxFile.Read(path));
        var inputs = SyntheticInputs.Make(fromPath, 1, new Dictionary<string, long[]> { [fromPath.Inputs[0].Name] = [2, 3, 32, 32] });

        Assert.Equal(fromPath.Run(inputs).Values.First().ToFloats(), fromModel.Run(inputs).Values.First().ToFloats());
    }
}
