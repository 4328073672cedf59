using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.RandomNetworks;

/// <summary>
/// Networks of several operators of the table side by side, which read one input and share weights: plans cut through all of them at once.
/// </summary>
public sealed class RandomMixTests
{
    private const int Networks = 120;
    private const int Parts = 4;
    private const long Opset = 17;

    // It reads shapes as numbers, and blocks.
    private const string Blocking = "Size";

    private static readonly string[] s_operators = [.. OperatorTable.Rules.Keys.Where(op =>
        op != Blocking && OperatorSamples.For(op).Opset == Opset).Order(StringComparer.Ordinal)];

    [Fact]
    public void Masked_equals_pruned_on_random_mixes_of_operators()
    {
        var cuts = Enumerable.Range(1, Networks).AsParallel().Count(seed => Check(seed));

        Assert.True(cuts > 0.9 * Networks, $"only {cuts} of {Networks} networks could be cut");
    }

    /// <returns>False when the dice cut nothing.</returns>
    private static bool Check(int seed)
    {
        var random = new Random(seed);
        var (model, operators) = Mix(random);
        var shaped = ModelCopy.WithShapes(model);
        var plan = RandomPlan.Of(shaped, random, 0.3 + (0.6 * random.NextDouble()));
        if (plan.IsEmpty)
        {
            return false;
        }

        var run = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, random, size: 8));
        Assert.True(
            run.Error < MaskedEqualsPruned.Tolerance,
            $"seed {seed} ({operators}): masked and pruned differ by {run.Error}; plan: {plan.ToJson()}");
        Oracle.StatesItsShapes(run.Pruned);
        return true;
    }

    [Fact]
    public void Nearly_every_operator_of_the_table_is_mixed() =>
        Assert.True(s_operators.Length > 0.9 * OperatorTable.Rules.Count, $"{s_operators.Length} of {OperatorTable.Rules.Count}");

    private static (Model Model, string Operators) Mix(Random random)
    {
        var operators = random.GetItems(s_operators, Parts);
        var whole = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "mix" } };
        whole.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        var shared = new Dictionary<string, string>();
        for (var part = 0; part < Parts; part++)
        {
            var graph = OperatorSamples.For(operators[part]).Proto.Graph;
            var prefix = $"{part}.";

            // All samples begin with a Conv; where two agree on its weight, they may share it, and then lose channels together.
            var names = graph.Initializer.ToDictionary(
                i => i.Name, i => random.Next(2) == 0 ? Shared(whole.Graph, shared, i, prefix) : Own(whole.Graph, i, prefix));
            foreach (var input in graph.Input)
            {
                var key = $"input {input.Type}";
                names[input.Name] = shared.TryGetValue(key, out var known) ? known : shared[key] = prefix + input.Name;
                if (known is null)
                {
                    whole.Graph.Input.Add(new ValueInfoProto(input) { Name = prefix + input.Name });
                }
            }

            foreach (var node in graph.Node)
            {
                var copy = new NodeProto(node) { Name = prefix + node.Name };
                Rename(copy.Input, names, prefix);
                Rename(copy.Output, names, prefix);
                whole.Graph.Node.Add(copy);
            }

            whole.Graph.Output.AddRange(graph.Output.Select(o => new ValueInfoProto { Name = prefix + o.Name }));
        }

        return (OnnxFile.FromBytes(whole.ToByteArray()), string.Join(' ', operators));
    }

    private static string Shared(GraphProto whole, Dictionary<string, string> shared, TensorProto tensor, string prefix)
    {
        var key = $"{tensor.DataType} {string.Join(' ', tensor.Dims)} {Convert.ToHexString(tensor.RawData.Span)}";
        return shared.TryGetValue(key, out var name) ? name : shared[key] = Own(whole, tensor, prefix);
    }

    private static string Own(GraphProto whole, TensorProto tensor, string prefix)
    {
        whole.Initializer.Add(new TensorProto(tensor) { Name = prefix + tensor.Name });
        return prefix + tensor.Name;
    }

    private static void Rename(Google.Protobuf.Collections.RepeatedField<string> list, Dictionary<string, string> names, string prefix)
    {
        for (var i = 0; i < list.Count; i++)
        {
            list[i] = list[i].Length == 0 ? "" : names.GetValueOrDefault(list[i], prefix + list[i]);
        }
    }
}
