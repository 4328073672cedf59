using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

/// <summary>Operators that ONNX Runtime saves at its extended level of optimization.</summary>
public sealed class FusionExpansionTests
{
    private const int C = 8;

    public static TheoryData<string> Fused =>
        [
            "Relu",
            "LeakyRelu",
            "Clip",
            "HardSigmoid",
            "Tanh",
            "sum",
            "FusedGemm",
            "FusedMatMul",
            "FusedMatMul scaled",
            "Gelu",
            "BiasGelu",
            "FastGelu",
            "QuickGelu"
        ];

    [Theory]
    [MemberData(nameof(Fused))]
    public void Fused_operators_become_those_that_they_are_made_of(string kind)
    {
        // given
        var g = new TestGraph();
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Add(g, g.Relu(g.Conv(g.Input(3, 6, 6), C)), kind);
        var model = g.Build();

        // when
        var expanded = OnnxFile.WithoutFusions(model);

        // then
        Assert.All(expanded.Graph.Nodes, n => Assert.Empty(n.Domain));
        Assert.True(MaskedEqualsPruned.RelativeError(Run(model), Run(expanded)) < MaskedEqualsPruned.Tolerance);
        Oracle.Holds(expanded, layers: "conv1");
    }

    [Fact]
    public void Operator_without_an_expansion_stays()
    {
        var g = new TestGraph();
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var x = g.Conv(g.Input(3, 6, 6), C);
        g.Close(new Wire(Contributed(g, "FusedConv", [x, g.Weight(C, C, 1, 1)], ("activation", "Frobnicate")), C));

        Assert.Contains(OnnxFile.WithoutFusions(g.Build()).Graph.Nodes, n => n.OpType == "FusedConv");
    }

    [Fact]
    public void Model_of_ONNXs_own_operators_is_left_alone()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), C));
        var model = g.Build();

        Assert.Same(model, OnnxFile.WithoutFusions(model));
    }

    [Fact]
    public void Layout_of_one_machine_is_named()
    {
        var g = new TestGraph();
        g.Close(new Wire(g.Op("Conv", [g.Input(3, 4, 4), g.Weight(C, 3, 1, 1)]), C));
        g.Proto.Graph.Node[0].Domain = "com.microsoft.nchwc";

        var e = Assert.Throws<UnsupportedModelException>(() => OnnxFile.WithoutFusions(g.Build()));

        Assert.Contains("layout optimization", e.Message);
        Assert.Contains("ORT_ENABLE_EXTENDED", e.Message);
    }

    [SharedCasesFact]
    public void Network_that_the_runtime_saved_is_cut_everywhere()
    {
        var model = OnnxFile.WithoutFusions(OnnxFile.Read(SharedFiles.Case("resnet20_ort_extended.onnx")));

        Assert.All(model.Graph.Nodes, n => Assert.Empty(n.Domain));
        Oracle.Holds(model);
    }

    private static void Add(TestGraph g, Wire x, string kind)
    {
        var weight = g.Weight(0.3, [6, C, 1, 1]);
        var made = kind switch
        {
            "Relu" or "Tanh" => Contributed(g, "FusedConv", [x, weight, g.Weight(6)], ("activation", kind)),
            "LeakyRelu" => Contributed(g, "FusedConv", [x, weight], ("activation", kind), ("activation_params", new[] { 0.2f })),
            "Clip" =>
                Contributed(g, "FusedConv", [x, weight, g.Weight(6)], ("activation", kind), ("activation_params", new[] { -0.1f, 0.4f })),
            "HardSigmoid" =>
                Contributed(g, "FusedConv", [x, weight, g.Weight(6)], ("activation", kind), ("activation_params", new[] { 0.3f, 0.4f })),
            "sum" => Contributed(g, "FusedConv", [x, g.Weight(0.3, [C, C, 1, 1]), g.Weight(C), x], ("activation", "Relu")),
            _ => "",
        };
        if (made.Length > 0)
        {
            g.Close(new Wire(made, kind == "sum" ? C : 6));
            return;
        }

        var flat = g.Flatten(g.GlobalAveragePool(x));
        made = kind switch
        {
            "FusedGemm" => Contributed(g, kind, [flat, g.Weight(5, C), g.Weight(5)], ("transB", 1L), ("activation", "Relu")),
            "FusedMatMul" => Contributed(g, kind, [flat, g.Weight(5, C)], ("transB", 1L)),
            "FusedMatMul scaled" => Contributed(g, "FusedMatMul", [flat, g.Weight(C, 5)], ("alpha", 0.3f)),
            "BiasGelu" => Contributed(g, kind, [flat, g.Weight(C)]),
            _ => Contributed(g, kind, [flat]),
        };
        g.Output(g.Linear(new Wire(made, kind.StartsWith("Fused", StringComparison.Ordinal) ? 5 : C), 3));
    }

    private static string Contributed(TestGraph g, string op, string[] inputs, params (string, object)[] attributes)
    {
        var made = g.Op(op, inputs, attributes);
        g.Proto.Graph.Node[^1].Domain = "com.microsoft";
        return made;
    }

    private static IReadOnlyDictionary<string, Tensor> Run(Model model)
    {
        using var session = OnnxSession.Open(model);
        return session.Run(RandomInputs.For(model, new Random(1), size: 6));
    }
}
