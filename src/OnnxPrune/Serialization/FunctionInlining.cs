using Google.Protobuf.Collections;
using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>
/// Puts the bodies of a model's functions in place of their calls.
/// Given: y = local.F(x, w) {alpha}; F(a, b) = Relu(Conv(a, b))   Result: F/t = Conv(x, w); y = Relu(F/t)
/// </summary>
/// <remarks>
/// A call stays as it is where the body means something else in the graph: it is written for another version of an operator set, has an
/// attribute with a default of its own, gives an input straight back, or shares its name with another function. So do calls inside
/// subgraphs, and those in a domain of ONNX Runtime's own, which may run its operator of that name and never look at the function.
/// </remarks>
internal static class FunctionInlining
{
    // Functions nest a few levels deep; a file of a few kilobytes could ask for 2^60 nodes.
    private const int MostLevels = 32;
    private const int MostNodes = 200_000;

    private static readonly HashSet<string> s_runtimeDomains =
    [
        "", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training",
        "com.microsoft", "com.microsoft.experimental", "com.microsoft.nchwc", "com.microsoft.dml", "com.ms.internal.nhwc",
        "org.pytorch.aten",
    ];

    /// <summary>True if ONNX Runtime has operators of this domain.</summary>
    public static bool IsRuntimeDomain(string domain) => s_runtimeDomains.Contains(Domain(domain));

    /// <summary>Changes the message in place.</summary>
    /// <exception cref="BrokenModelException">Functions call each other in a circle, or make more nodes than can be held.</exception>
    public static void Apply(ModelProto model)
    {
        var graph = model.Graph;
        var functions = model.Functions.GroupBy(Key).Where(g => g.Count() == 1).ToDictionary(g => g.Key, g => g.Single());
        var names = graph.Node.SelectMany(n => n.Input.Concat(n.Output))
            .Concat(graph.Initializer.Select(i => i.Name))
            .Concat(graph.Input.Select(i => i.Name))
            .ToHashSet();
        for (var level = 0; graph.Node.Any(n => Callee(n, functions, model) is not null); level++)
        {
            if (level == MostLevels)
            {
                throw new BrokenModelException(
                    $"The model's functions call each other more than {MostLevels} levels deep, or in a circle.");
            }

            var nodes = new List<NodeProto>();
            foreach (var node in graph.Node)
            {
                nodes.AddRange(Callee(node, functions, model) is { } function ? Body(node, function, names) : [node]);
                if (nodes.Count > MostNodes)
                {
                    throw new BrokenModelException($"The model's functions make more than {MostNodes} nodes.");
                }
            }

            graph.Node.Clear();
            graph.Node.AddRange(nodes);
        }

        if (!Calls(graph.Node, model.Functions.Select(Key).ToHashSet()))
        {
            model.Functions.Clear();
        }
    }

    private static (string Domain, string Name) Key(FunctionProto function) => (Domain(function.Domain), function.Name);

    private static bool Calls(IEnumerable<NodeProto> nodes, HashSet<(string, string)> functions) => nodes.Any(n =>
        functions.Contains((Domain(n.Domain), n.OpType)) || n.Attribute.SelectMany(Subgraphs).Any(g => Calls(g.Node, functions)));

    /// <summary>The function that a node calls, where its body can take the call's place.</summary>
    private static FunctionProto? Callee(NodeProto node, Dictionary<(string, string), FunctionProto> functions, ModelProto model)
    {
        if (IsRuntimeDomain(node.Domain)
            || functions.GetValueOrDefault((Domain(node.Domain), node.OpType)) is not { } function
            || node.Input.Count > function.Input.Count
            || node.Output.Count > function.Output.Count)
        {
            return null;
        }

        var versions = model.OpsetImport.GroupBy(o => Domain(o.Domain)).ToDictionary(g => g.Key, g => g.Last().Version);
        var made = function.Node.SelectMany(n => n.Output).ToHashSet();
        return function.OpsetImport.All(o => versions.TryGetValue(Domain(o.Domain), out var version) && version == o.Version)
            && function.Output.All(made.Contains)
            && References(function.Node).All(name => function.Attribute.Contains(name) || node.Attribute.Any(a => a.Name == name))
                ? function
                : null;
    }

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;

    private static IEnumerable<string> References(IEnumerable<NodeProto> nodes) => nodes.SelectMany(n => n.Attribute)
        .SelectMany(a => Subgraphs(a).SelectMany(g => References(g.Node)).Concat(a.RefAttrName.Length > 0 ? [a.RefAttrName] : []));

    private static IEnumerable<GraphProto> Subgraphs(AttributeProto attribute) =>
        attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G);

    private static IEnumerable<NodeProto> Body(NodeProto call, FunctionProto function, HashSet<string> names)
    {
        var scope = call.Name.Length > 0 ? call.Name : call.Output.FirstOrDefault(o => o.Length > 0) ?? function.Name;
        var renamed = new Dictionary<string, string>();
        Bind(function.Input, call.Input, renamed);
        Bind(function.Output.Take(call.Output.Count).ToArray(), call.Output, renamed, skipEmpty: true);
        return function.Node.Select(n => Rename(n.Clone())).ToArray();

        NodeProto Rename(NodeProto node)
        {
            node.Name = $"{scope}/{(node.Name.Length > 0 ? node.Name : $"{node.OpType}_{node.Output.FirstOrDefault()}")}";
            RenameAll(node.Input);
            RenameAll(node.Output);
            foreach (var attribute in node.Attribute.ToArray())
            {
                Resolve(node, attribute);
                foreach (var graph in Subgraphs(attribute))
                {
                    RenameGraph(graph);
                }
            }

            return node;
        }

        // An attribute that the call leaves out, and that has no default, is left out.
        void Resolve(NodeProto node, AttributeProto attribute)
        {
            if (attribute.RefAttrName.Length == 0)
            {
                return;
            }

            var at = node.Attribute.IndexOf(attribute);
            if (call.Attribute.FirstOrDefault(a => a.Name == attribute.RefAttrName) is not { } given)
            {
                node.Attribute.RemoveAt(at);
                return;
            }

            node.Attribute[at] = given.Clone();
            node.Attribute[at].Name = attribute.Name;
        }

        void RenameGraph(GraphProto graph)
        {
            foreach (var info in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            {
                info.Name = Name(info.Name);
            }

            foreach (var tensor in graph.Initializer)
            {
                tensor.Name = Name(tensor.Name);
            }

            foreach (var node in graph.Node.ToArray())
            {
                Rename(node);
            }
        }

        void RenameAll(RepeatedField<string> list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                list[i] = Name(list[i]);
            }
        }

        string Name(string inner)
        {
            if (inner.Length == 0)
            {
                return inner;
            }

            if (renamed.TryGetValue(inner, out var known))
            {
                return known;
            }

            var outer = $"{scope}/{inner}";
            for (var n = 1; !names.Add(outer); n++)
            {
                outer = $"{scope}/{inner}_{n}";
            }

            renamed.Add(inner, outer);
            return outer;
        }
    }

    private static void Bind(
        IReadOnlyList<string> formal, IReadOnlyList<string> actual, Dictionary<string, string> renamed, bool skipEmpty = false)
    {
        for (var i = 0; i < formal.Count; i++)
        {
            var given = i < actual.Count ? actual[i] : "";
            if (given.Length > 0 || !skipEmpty)
            {
                renamed[formal[i]] = given;
            }
        }
    }
}
