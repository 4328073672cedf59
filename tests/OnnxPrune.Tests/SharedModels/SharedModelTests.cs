using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.SharedModels;

/// <summary>Real models of many exporters, where they lie beside the checkout.</summary>
public sealed class SharedModelTests
{
    // ONNX Runtime refuses these: custom or legacy operators, opset 1, a broken graph.
    private static readonly string[] s_refused =
        ["Candy_winmltools01.onnx", "mlperf_resnet8_int_pactops.onnx", "pcb-aoi_customvision.onnx", "tsdr_dynamo.onnx", "waveformer.onnx"];

    // A dense and a sparse initializer share a name.
    private static readonly string[] s_unreadable = ["sec_sparse_and_dense_same_name.onnx"];

    public static TheoryData<string> Loadable => [.. SharedFiles.Models.Except(s_refused)];

    public static TheoryData<string> Refused => [.. SharedFiles.Models.Intersect(s_refused)];

    [SharedModelsTheory]
    [MemberData(nameof(Loadable))]
    public void Masked_equals_pruned_on_a_real_model(string name)
    {
        var model = OnnxFile.Read(SharedFiles.Model(name));
        RandomWeights.Fill(model, new Random(7));
        var shaped = ModelCopy.WithShapes(model);
        foreach (var (share, seed) in new[] { (0.2, 1), (0.5, 2), (0.8, 3) })
        {
            var plan = RandomPlan.Of(shaped, new Random(seed), share);
            if (plan.IsEmpty)
            {
                Assert.All(ChannelFlow.Through(shaped).Blocked, b => Assert.NotEmpty(b.Reason));
                continue;
            }

            var run = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(seed)));

            var tolerance = model.Graph.FedInputs.Max(i => Oracle.ToleranceOf(i.ElementType));
            Assert.True(run.Error < tolerance, $"masked and pruned differ by {run.Error} at a share of {share}");
            Oracle.StatesItsShapes(run.Pruned);
        }
    }

    [SharedModelsTheory]
    [MemberData(nameof(Refused))]
    public void Model_that_ONNX_Runtime_does_not_load_is_refused_with_one_sentence(string name)
    {
        var failure = Assert.ThrowsAny<OnnxPruneException>(() =>
        {
            var model = OnnxFile.Read(SharedFiles.Model(name));
            using var session = OnnxSession.Open(ModelCopy.WithShapes(model));
        });

        Assert.True(failure is UnsupportedModelException or BrokenModelException);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.InRange(failure.Message.Length, 20, 400);
    }

    [SharedModelsTheory]
    [MemberData(nameof(All))]
    public void Unpruned_round_trip_gives_an_equal_message(string name)
    {
        var path = SharedFiles.Model(name);
        var original = Onnx.ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));

        Model model;
        try
        {
            model = OnnxFile.Read(path);
        }
        catch (OnnxPruneException e) when (s_refused.Contains(name))
        {
            Assert.DoesNotContain('\n', e.Message);
            return;
        }

        Assert.Equal(original, Onnx.ModelProto.Parser.ParseFrom(OnnxFile.ToBytes(model)));
    }

    [SharedModelsTheory]
    [MemberData(nameof(Everything))]
    public void Unpruned_round_trip_gives_the_same_bytes(string folder, string name)
    {
        var path = Path.Combine(SharedFiles.Folder, folder, name);
        Model model;
        try
        {
            model = OnnxFile.Read(path);
        }
        catch (OnnxPruneException e)
        {
            Assert.Contains(name, s_unreadable);
            Assert.DoesNotContain('\n', e.Message);
            return;
        }

        Assert.DoesNotContain(name, s_unreadable);
        Assert.Equal(File.ReadAllBytes(path), OnnxFile.ToBytes(model));
        Assert.Equal(File.ReadAllBytes(path), OnnxFile.ToBytes(model.Clone()));
    }

    public static TheoryData<string> All => [.. SharedFiles.Models];

    /// <summary>Models and small cases: (folder, file).</summary>
    public static TheoryData<string, string> Everything
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var folder in (string[])["models", "cases"])
            {
                var path = Path.Combine(SharedFiles.Folder, folder);
                foreach (var file in (Directory.Exists(path) ? Directory.GetFiles(path, "*.onnx") : []).Order(StringComparer.Ordinal))
                {
                    data.Add(folder, Path.GetFileName(file));
                }
            }

            return data;
        }
    }
}
