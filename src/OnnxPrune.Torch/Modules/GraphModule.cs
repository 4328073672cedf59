using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Rewriting;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Torch.Operators;
using TorchSharp;
using TorchSharp.Modules;

namespace OnnxPrune.Torch.Modules;

/// <summary>
/// An ONNX graph as a trainable module: libtorch computes its nodes one after the other, and its weights are parameters. The graph itself
/// changes in <see cref="WriteBack"/> alone. Whoever makes a module disposes it.
/// </summary>
internal sealed class GraphModule : IDisposable
{
    private readonly torch.Device _device;
    private readonly bool _doubles;
    private readonly GraphFacts _facts;
    private readonly Value _input;
    private readonly Value _output;
    private readonly IReadOnlyList<ModuleStep> _steps;
    private readonly Dictionary<Use, Weight> _weightOf = [];
    private readonly List<Weight> _weights = [];
    private readonly IReadOnlyDictionary<Node, AffineLayer> _folded;

    /// <param name="model">Its values must have their shapes.</param>
    /// <param name="shapes">Concrete shapes at one definite size of the input, for values whose own shapes have open dimensions.</param>
    /// <param name="part">The values between which to compute, where it is not the whole model; no other computed value may lead to the
    /// second.</param>
    /// <param name="doubles">Whether to compute in double precision, whatever the model's own is.</param>
    /// <param name="foldsNorms">
    /// Whether a Conv and the BatchNormalization behind it are one linear map, as in inference, and learned as one: that saves passes over
    /// whole maps, and what gradients keep of them.
    /// </param>
    /// <exception cref="UnsupportedModelException">An operator cannot be trained through, or the model has not exactly one
    /// input.</exception>
    public GraphModule(
        Model model, IReadOnlyDictionary<Value, Shape> shapes, torch.Device device, (Value Input, Value Output)? part = null,
        bool doubles = false, bool foldsNorms = false)
    {
        (Model, _device, _doubles) = (model, device, doubles);
        var constants = new ConstantValues();
        _facts = new GraphFacts(model, constants, new ShapeTerms(constants), shapes);
        (_input, _output) = part ?? (OnlyInput(model.Graph), Logits(model.Graph.Outputs[0]));
        (_steps, _folded) = ModuleStep.Between(_input, _output, model, constants, foldsNorms);
        foreach (var step in _steps)
        {
            AddWeights(step);
        }
    }

    /// <summary>The same, with the shapes that ONNX Runtime infers.</summary>
    /// <param name="inputShapes">Sizes of dynamic inputs, by name.</param>
    /// <param name="doubles">Whether to compute in double precision.</param>
    public static GraphModule Of(
        Model model, torch.Device device, IReadOnlyDictionary<string, long[]>? inputShapes = null, bool doubles = false)
    {
        ShapeInference.Infer(model);

        // A batch of 1 could not be told from other dimensions of 1.
        return new GraphModule(model, ConcreteShapes.Infer(model, inputShapes, batch: 2).Values, device, doubles: doubles);
    }

    public Model Model { get; }

    /// <summary>Everything that training changes: parameters and running statistics, in graph order.</summary>
    public IReadOnlyList<Weight> Weights => _weights;

    public IEnumerable<Parameter> Parameters => _weights.Select(w => w.Parameter).OfType<Parameter>();

    /// <summary>
    /// The scores of the classes, before a final Softmax: [N, classes].
    /// </summary>
    /// <param name="x">The input, [N, ...] with any N.</param>
    /// <param name="training">Whether BatchNormalization takes the batch's own statistics and updates the running ones; not where it is
    /// folded.</param>
    /// <param name="through">Gives what a node reads in place of a tensor; null where it reads the tensor itself.</param>
    /// <param name="observe">Is shown what each node read and made; the tensors are gone afterwards.</param>
    public torch.Tensor Forward(
        torch.Tensor x,
        bool training,
        Func<Use, torch.Tensor, torch.Tensor>? through = null,
        Action<Node, torch.Tensor, torch.Tensor>? observe = null)
    {
        if (training && _folded.Count > 0)
        {
            throw new InvalidOperationException("A BatchNormalization that is folded into a Conv takes no statistics.");
        }

        var known = new Dictionary<Value, torch.Tensor> { [_input] = x };
        foreach (var step in _steps)
        {
            torch.Tensor? Read(int index)
            {
                var use = new Use(step.Node, index);
                if ((_weightOf.GetValueOrDefault(use)?.Data
                    ?? (step.Node.Input(index) is { } value ? known[value] : null)) is not { } tensor)
                {
                    return null;
                }

                return through is null ? tensor : through(use, tensor);
            }

            var made = Compute(step, new OperatorCall(step.Node, step.Output, training, _facts, Read));
            known.Add(step.Value, made);
            observe?.Invoke(step.Node, known.GetValueOrDefault(step.Node.Required(0))!, made);
            foreach (var done in step.LastUses)
            {
                // What gradients need, libtorch keeps by itself.
                known[done].Dispose();
            }
        }

        var output = known[_output];
        return output.shape.Length < 2 ? output.reshape(-1, 1) : output.flatten(1);
    }

    /// <summary>Puts the weights as they are now into the model. Names, nodes and metadata stay.</summary>
    public void WriteBack()
    {
        var bystanders = DeadCode.Find(Model.Graph);
        foreach (var weight in _weights.Where(w => !w.Uses.Any(u => _folded.ContainsKey(u.Node))))
        {
            Write(weight);
        }

        foreach (var (conv, unit) in _folded)
        {
            var (weights, shift) = (Numbers(conv, 1), Numbers(conv, 2));
            unit.Replace(
                Model.Graph, _facts.Constants, Matrix<double>.Build.Dense(weights.Length / shift.Length, shift.Length, weights), shift);
        }

        DeadCode.Remove(Model.Graph, except: bystanders);

        double[] Numbers(Node conv, int input) => _weightOf[new Use(conv, input)].Export().ToDoubles();
    }

    public void Dispose()
    {
        foreach (var weight in _weightOf.Values.Distinct())
        {
            weight.Dispose();
        }
    }

    /// <summary>
    /// Given: w' = Identity(w), Conv(x, w')   Result: Conv(x, w''), where w'' is an initializer. A value that all its readers share is
    /// replaced in place.
    /// </summary>
    private void Write(Weight weight)
    {
        var (value, content) = (weight.Value, weight.Export());
        if (value.IsInitializer && value.Uses.All(weight.Uses.Contains))
        {
            Graph.SetInitializer(value, content);
            return;
        }

        var made = Model.Graph.AddFreshInitializer(value.Name, content);
        foreach (var use in weight.Uses)
        {
            use.Node.SetInput(use.Index, made);
        }
    }

    private static torch.Tensor Compute(ModuleStep step, OperatorCall call)
    {
        try
        {
            return step.Operator.Compute(call);
        }
        catch (ExternalException e)
        {
            throw call.Unsupported($"gives libtorch sizes or numbers that it refuses ({e.Message.Split('\n')[0]})");
        }
    }

    private void AddWeights(ModuleStep step)
    {
        if (_folded.TryGetValue(step.Node, out var unit))
        {
            var (weights, shift) = unit.FoldedWeights(_facts.Constants);
            AddFolded(unit.Layer.Required(1), new Use(unit.Layer, 1), weights.ToColumnMajorArray());
            AddFolded(unit.Norm!.Required(2), new Use(unit.Layer, 2), shift);
            return;
        }

        for (var i = 0; i < Math.Min(step.Node.Inputs.Count, step.Operator.Tensors); i++)
        {
            var use = new Use(step.Node, i);
            if (step.Node.Inputs[i] is not { } value || _weightOf.ContainsKey(use) || _facts.Constants[value] is not { } content)
            {
                continue;
            }

            var role = WeightRoles.Of(step.Node, i);
            var uses = role == WeightRole.Learned ? value.Uses.Where(u => WeightRoles.Of(u.Node, u.Index) == role).ToArray() : [use];
            var weight = new Weight(value, uses, content, role, _device, _doubles);
            foreach (var reader in uses)
            {
                _weightOf[reader] = weight;
            }

            if (role != WeightRole.Fixed)
            {
                _weights.Add(weight);
            }
        }
    }

    /// <summary>A Conv's weight, or its bias, which may have no place in the graph but the norm's shift.</summary>
    private void AddFolded(Value value, Use use, double[] content)
    {
        var weight = new Weight(value, [use], _facts.Constants[value]!.WithValues(content), WeightRole.Learned, _device, _doubles);
        _weightOf[use] = weight;
        _weights.Add(weight);
    }

    private static Value OnlyInput(Graph graph)
    {
        var inputs = graph.FedInputs.ToArray();
        return inputs.Length == 1
            ? inputs[0]
            : throw new UnsupportedModelException($"Only a model with one input can be trained; this one has {inputs.Length}.");
    }

    /// <summary>An output without its final Softmax.</summary>
    internal static Value Logits(Value output) =>
        output.Producer is { OpType: "Softmax", Domain: "" } softmax ? softmax.Required(0) : output;
}
