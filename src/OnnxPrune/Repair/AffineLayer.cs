using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Repair;

/// <summary>
/// A layer with weights, the bias and the BatchNormalization behind it that alone read it, and the residual sum that alone reads those:
/// what one regression can repair, because all of it is linear in the layer's input.
/// </summary>
/// <param name="Layer">A Conv, a Gemm, a MatMul by a constant, or a BatchNormalization, which is a scale and a shift of every
/// channel.</param>
/// <param name="Groups">Into how many parts inputs and outputs are divided, none of which reads another: 1 unless the layer is a grouped or
/// depthwise Conv, or scales single channels.</param>
/// <param name="BiasAdd">The Add of a constant that gives a MatMul its bias; null for other layers, which have an input for it.</param>
/// <param name="Norm">The BatchNormalization, possibly the layer itself; null when there is none.</param>
/// <param name="Join">The Add that the unit ends in; null when it does not end a residual branch.</param>
/// <param name="JoinInput">The join's input that the unit gives.</param>
internal sealed record AffineLayer(Node Layer, int Groups, Node? BiasAdd, Node? Norm, Node? Join, int JoinInput)
{
    /// <summary>The layer's input.</summary>
    public Value Input => Layer.Required(0);

    /// <summary>The axis of the input that the layer sums over.</summary>
    public int InputAxis => Layer.OpType == "MatMul" ? Input.Shape!.Rank - 1 : 1;

    /// <summary>The unit's output to the rest of the network: the sum, or the layer's own.</summary>
    public Value Output => Join?.Output ?? Own;

    /// <summary>The layer's own contribution, without the other operand of the sum.</summary>
    public Value Own => (Norm ?? BiasAdd ?? Layer).Output;

    /// <summary>The other operand of the sum.</summary>
    public Value? Shortcut => Join?.Required(1 - JoinInput);

    /// <summary>The unit of a layer; null when it is none of a kind that can be repaired.</summary>
    /// <param name="joins">Residual sums, with the input that their branch ends in.</param>
    public static AffineLayer? Of(Node layer, IReadOnlyDictionary<Node, int> joins, ConstantValues constants)
    {
        if (layer.Domain.Length > 0 || constants[layer.Input(1)] is not { Count: > 0 } weight || !weight.ElementType.IsFloatingPoint()
            || !IsOwn(layer.Inputs[1]!) || IsQuantized(layer))
        {
            return null;
        }

        var biasAdd = layer.OpType == "MatMul" ? BiasAddOf(layer, weight, constants) : null;
        var fits = layer.OpType switch
        {
            "Conv" => weight.Rank > 2 && layer.Int("group", 1) > 0 && HasOwnBias(layer, weight, constants),
            "BatchNormalization" => weight.Rank == 1 && HasOwnParameters(layer, weight.Dims[0], constants),
            "Gemm" => weight.Rank == 2 && layer.Int("transA", 0) == 0 && layer.Float("alpha", 1) == 1 && layer.Float("beta", 1) == 1
                && HasOwnBias(layer, weight, constants),
            _ => biasAdd is not null && layer.Required(0).Shape is { Rank: >= 2 },
        };
        if (!fits)
        {
            return null;
        }

        var last = biasAdd ?? layer;
        var norm = layer.OpType == "BatchNormalization" ? layer
            : biasAdd is null
                && OnlyReader(last.Output) is { OpType: "BatchNormalization" } bn
                && HasOwnParameters(bn, OutputCount(layer, weight), constants) ? bn
            : null;
        var own = (norm ?? last).Output;
        var join = OnlyReader(own) is { } reader
            && joins.TryGetValue(reader, out var branch)
            && reader.Inputs.Count == 2
            && reader.Input(branch) == own ? reader : null;
        var groups = layer.OpType switch { "BatchNormalization" => (int)weight.Dims[0], "Conv" => (int)layer.Int("group", 1), _ => 1 };
        return new AffineLayer(layer, groups, biasAdd, norm, join, join is null ? 0 : joins[join]);
    }

    /// <summary>The length of the axis that the layer sums over: a Conv's channels (of one group), a Gemm's or MatMul's features.</summary>
    public int InputCount(ConstantValues constants) => Scales ? 1 : (int)constants[Layer.Inputs[1]]!.Dims[OutputsFirst ? 1 : 0];

    /// <summary>The layer's outputs, of all groups.</summary>
    public int OutputCount(ConstantValues constants) => OutputCount(constants[Layer.Inputs[1]]!);

    /// <summary>The number of terms in one output: the layer's inputs (of one group), times the elements of its window.</summary>
    public int FeatureCount(ConstantValues constants)
    {
        var weight = constants[Layer.Inputs[1]]!;
        return (int)(weight.Count / OutputCount(weight));
    }

    /// <summary>
    /// The layer and its norm as one linear map: weights [F, M], where F runs over input channels (of the output's group) and taps, and
    /// shift [M].
    /// </summary>
    public (Matrix<double> Weights, double[] Shift) FoldedWeights(ConstantValues constants)
    {
        if (Scales)
        {
            var (own, offsets) = NormAsScaleAndShift(constants);
            return (Matrix<double>.Build.DenseOfRowMajor(1, own.Length, own), offsets);
        }

        var weight = constants[Layer.Inputs[1]]!;
        var values = weight.ToDoubles();
        var outputs = OutputCount(weight);
        var features = values.Length / outputs;
        var matrix = OutputsFirst
            ? Matrix<double>.Build.Dense(features, outputs, values)
            : Matrix<double>.Build.DenseOfRowMajor(features, outputs, values);
        var shift = constants[Bias]?.ToDoubles() ?? new double[outputs];
        if (Norm is not null)
        {
            var (scale, offset) = NormAsScaleAndShift(constants);
            for (var m = 0; m < outputs; m++)
            {
                matrix.SetColumn(m, matrix.Column(m) * scale[m]);
                shift[m] = (shift[m] * scale[m]) + offset[m];
            }
        }

        return (matrix, shift);
    }

    /// <summary>
    /// Writes a linear map back: into the layer's weight, and the shift into the norm where there is one, else into the bias.
    /// </summary>
    public void Replace(Graph graph, ConstantValues constants, Matrix<double> weights, double[] shift)
    {
        if (!Scales)
        {
            SetWeights(graph, constants, weights);
        }

        if (Norm is null)
        {
            SetBias(graph, constants, shift);
            return;
        }

        // The norm keeps its place and passes the layer's output on with the shift: scale / sqrt(variance + epsilon) = 1, mean = 0.
        var outputs = weights.ColumnCount;
        var deviation = Math.Sqrt(1 + (double)Norm.Float("epsilon", 1e-5f));
        var scale = Scales ? weights.Row(0).Multiply(deviation).ToArray() : Fill(outputs, deviation);
        double[][] parameters = [scale, shift, new double[outputs], Fill(outputs, 1)];
        if (!Scales && Layer.Input(2) is not null)
        {
            SetBias(graph, constants, new double[outputs]);
        }

        for (var i = 0; i < 4; i++)
        {
            Set(graph, constants, Norm.Inputs[i + 1]!, constants[Norm.Inputs[i + 1]]!.WithValues(parameters[i]));
        }
    }

    private void SetWeights(Graph graph, ConstantValues constants, Matrix<double> weights)
    {
        // Column after column, a matrix [F, M] has the outputs first.
        var values = OutputsFirst ? DenseProduct.ByColumns(weights) : weights.ToRowMajorArray();
        Set(graph, constants, Layer.Inputs[1]!, constants[Layer.Inputs[1]]!.WithValues(values));
    }

    /// <summary>True if the layer scales and shifts single channels.</summary>
    private bool Scales => Norm == Layer;

    /// <summary>The constant that is added to every output; null when there is none.</summary>
    internal Value? Bias => BiasAdd is null ? Layer.Input(2) : BiasAdd.Inputs.Single(v => v != Layer.Output);

    internal bool OutputsFirst => HasOutputsFirst(Layer);

    private int OutputCount(Tensor weight) => (int)OutputCount(Layer, weight);

    // A BatchNormalization has one number per output.
    private static bool HasOutputsFirst(Node layer) => WeightLayout.Of(layer) is not { OutputAxis: > 0 };

    private static long OutputCount(Node layer, Tensor weight) => weight.Dims[HasOutputsFirst(layer) ? 0 : 1];

    /// <summary>The norm as a factor and a summand of every channel.</summary>
    internal (double[] Scale, double[] Shift) NormAsScaleAndShift(ConstantValues constants)
    {
        var p = Enumerable.Range(1, 4).Select(i => constants[Norm!.Inputs[i]]!.ToDoubles()).ToArray();
        var epsilon = Norm!.Float("epsilon", 1e-5f);
        var scale = p[0].Select((s, c) => s / Math.Sqrt(p[3][c] + epsilon)).ToArray();
        return (scale, [.. p[1].Select((b, c) => b - (scale[c] * p[2][c]))]);
    }

    /// <summary>True if the weight is stored in integers, which no fit gives.</summary>
    internal static bool IsQuantized(Node layer) => layer.Input(1)?.Producer is { OpType: "DequantizeLinear" };

    private void SetBias(Graph graph, ConstantValues constants, double[] shift)
    {
        if (Bias is { } bias)
        {
            Set(graph, constants, bias, constants[bias]!.WithValues(shift));
        }
        else
        {
            var weight = constants[Layer.Inputs[1]]!;
            Layer.SetInput(2, graph.AddFreshInitializer($"{Layer.Inputs[1]!.Name}.bias", weight.WithValues(shift, shift.Length)));
        }
    }

    private static void Set(Graph graph, ConstantValues constants, Value value, Tensor tensor)
    {
        ConstantReplacement.Replace(graph, value, tensor, value.Uses);
        constants.Forget(value);
    }

    /// <summary>The Add behind a MatMul by a matrix that adds a constant of its own to every row.</summary>
    private static Node? BiasAddOf(Node layer, Tensor weight, ConstantValues constants)
    {
        if (weight.Rank != 2
            || OnlyReader(layer.Output) is not { OpType: "Add", Domain: "" } add
            || add.Inputs.SingleOrDefault(v => v != layer.Output) is not { } bias
            || !IsOwn(bias))
        {
            return null;
        }

        return constants[bias] is { Rank: > 0 } tensor
            && tensor.Rank <= layer.Output.Shape?.Rank
            && tensor.Dims[^1] == weight.Dims[1]
            && tensor.Count == weight.Dims[1] ? add : null;
    }

    private static bool HasOwnBias(Node layer, Tensor weight, ConstantValues constants) =>
        layer.Input(2) is not { } bias
            || (constants[bias] is { Rank: 1 } tensor && tensor.Count == OutputCount(layer, weight) && IsOwn(bias));

    /// <summary>True if nothing else sees the constant.</summary>
    private static bool IsOwn(Value constant) => constant is { IsGraphOutput: false, Uses.Count: 1 };

    private static Node? OnlyReader(Value value) => value is { IsGraphOutput: false, Uses: [{ IsCapture: false } use] } ? use.Node : null;

    private static bool HasOwnParameters(Node norm, long channels, ConstantValues constants) =>
        norm.Domain.Length == 0 && norm.Int("training_mode", 0) == 0
        && Enumerable.Range(1, 4)
            .All(i => constants[norm.Input(i)] is { Rank: 1 } tensor && tensor.Count == channels && IsOwn(norm.Inputs[i]!));

    private static double[] Fill(int count, double value)
    {
        var filled = new double[count];
        Array.Fill(filled, value);
        return filled;
    }
}
