using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.RandomNetworks;

/// <summary>
/// Operands of any rank and origin, with lengths 1 and n, broadcast in any valid way: what ONNX Runtime runs is no broken model, and what
/// can be cut is cut right.
/// </summary>
public sealed class RandomBroadcastTests
{
    private const int Cases = 60;

    public static TheoryData<string> Operators =>
    [
        "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Mod", "PRelu", "Where", "Equal", "Greater", "GreaterOrEqual",
        "Less", "LessOrEqual", "And", "Or", "Xor",
        "Expand", "MatMul", "Gemm", "Concat",
    ];

    [Theory]
    [MemberData(nameof(Operators))]
    public void What_ONNX_Runtime_broadcasts_is_followed(string op)
    {
        var cut = 0;
        for (var seed = 1; seed <= Cases; seed++)
        {
            // given
            var model = new RandomOperands(op, seed).Make();
            using (OnnxSession.Open(model))
            {
                // ONNX Runtime takes it.
            }

            // when
            var shaped = ModelCopy.WithShapes(model);
            var failure = Record.Exception(() => ChannelFlow.Through(shaped));
            Assert.True(failure is null, $"{op}, seed {seed}: {failure}");

            // then
            var plan = RandomPlan.Of(shaped, new Random(seed), 0.6);
            if (!plan.IsEmpty)
            {
                var run = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(seed)));
                Assert.True(
                    run.Error < MaskedEqualsPruned.Tolerance,
                    $"{op}, seed {seed}: masked and pruned differ by {run.Error}; plan: {plan.ToJson()}");
                cut++;
            }
        }

        Assert.True(cut > Cases / 10, $"only {cut} of {Cases} models could be cut");
    }

    private sealed class RandomOperands(string op, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly TestGraph _graph = new(seed);

        public Model Make()
        {
            var result = Dims(_random.Next(op is "MatMul" or "Gemm" ? 2 : 0, op == "Gemm" ? 3 : 6));
            var y = op switch
            {
                "Expand" => Expand(result),
                "MatMul" => Multiply(result),
                "Gemm" => _graph.Op("Gemm", [Operand([result[0], 3]), Operand([3, result[1]]), Operand(Part(result))]),
                "Concat" => Join(ref result),
                "PRelu" => _graph.Op(op, [Operand(result), Operand(Part(result))]),
                "Where" => _graph.Op(op, [Bool(Part(result)), Operand(Part(result)), Operand(result)]),
                "And" or "Or" or "Xor" => Float(_graph.Op(op, Either(Bool(Part(result)), Bool(result)))),
                "Equal" or "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" =>
                    Float(_graph.Op(op, Either(Operand(Part(result)), Operand(result)))),
                "Mod" => _graph.Op(op, Either(Operand(Part(result)), Operand(result)), ("fmod", 1L)),
                "Max" or "Min" or "Mean" or "Sum" => _graph.Op(op, [Operand(Part(result)), Operand(result), Operand(Part(result))]),
                _ => _graph.Op(op, Either(Operand(Part(result)), Operand(result))),
            };

            // Everything is summed up, so that nothing reaches the output.
            var weighted = _graph.Op("Mul", [Finite(y), Stored(result)]);
            _graph.Output(new Wire(_graph.Op("ReduceSum", [weighted], ("keepdims", 0L)), 1));
            return _graph.Build();
        }

        private string[] Either(string a, string b) => _random.Next(2) == 0 ? [a, b] : [b, a];

        // Div and Pow leave the numbers that can be compared.
        private string Finite(string y) => op is "Div" or "Pow" or "Mod" ? Float(_graph.Op("IsNaN", [y])) : y;

        private string Float(string value) => _graph.Op("Cast", [value], ("to", (long)ElementType.Float));

        private string Bool(long[] dims) => _graph.Op("Greater", [Operand(dims), _graph.Scalar(0)]);

        private long[] Dims(int rank) => [.. Enumerable.Range(0, rank).Select(_ => _random.Next(3) == 0 ? 1L : _random.Next(2, 5))];

        /// <summary>Dimensions that broadcast to those of the result.</summary>
        private long[] Part(long[] result) => [.. result.Skip(_random.Next(result.Length + 1)).Select(d => _random.Next(3) == 0 ? 1 : d)];

        private string Expand(long[] result) =>
            _graph.Op(
                "Expand", [Operand(Part(result)), _random.Next(2) == 0 ? _graph.Longs(result) : _graph.Op("Shape", [Operand(result)])]);

        private string Multiply(long[] result)
        {
            var (batch, rows, columns) = (result[..^2], result[^2], result[^1]);
            return _graph.Op("MatMul", Part(batch) is var part && _random.Next(2) == 0
                ? [Operand([.. batch, rows, 3]), Operand([.. part, 3, columns])]
                : [Operand([.. part, rows, 3]), Operand([.. batch, 3, columns])]);
        }

        private string Join(ref long[] result)
        {
            result = result.Length == 0 ? [2] : result;
            var axis = _random.Next(result.Length);
            var (left, right) = ((long[])[.. result], (long[])[.. result]);
            (left[axis], right[axis]) = (_random.Next(1, 4), _random.Next(1, 4));
            result[axis] = left[axis] + right[axis];
            return _graph.Op("Concat", [Operand(left), Operand(right)], ("axis", (long)axis));
        }

        /// <summary>A value of these dimensions: layers make it, or it is fed, stored, or made by an operator without a rule.</summary>
        private string Operand(long[] dims) => _random.Next(6) switch
        {
            0 => Fed(dims),
            1 => Stored(dims),
            2 => _graph.Op("Det", [Fed([.. dims, 1, 1])]),
            _ => Made(dims),
        };

        private string Stored(long[] dims) => dims.Length == 0 ? _graph.Scalar(0.7) : _graph.Weight(1, dims);

        private string Fed(long[] dims) => _graph.Input(ElementType.Float, dims);

        /// <summary>A layer whose channels lie on any axis.</summary>
        private string Made(long[] dims)
        {
            if (dims.Length == 0)
            {
                return _graph.Op("ReduceSum", [Layer([2, 4])], ("keepdims", 0L));
            }

            var axis = _random.Next(dims.Length);
            if (dims.Length == 1)
            {
                return _graph.Op("Squeeze", [Layer([1, dims[0]]), _graph.Longs(0)]);
            }

            var perm = Enumerable.Range(0, dims.Length).Select(i => i < axis ? (long)i : i == axis ? dims.Length - 1 : i - 1).ToArray();
            return _graph.Op("Transpose", [Layer([.. dims.Where((_, i) => i != axis), dims[axis]])], ("perm", perm));
        }

        private string Layer(long[] dims) =>
            _graph.Op("Relu", [_graph.Op("MatMul", [Fed([.. dims[..^1], 3]), _graph.Weight(1, [3, dims[^1]])])]);
    }
}
