using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Shapes;

/// <summary>
/// Shapes and element types of every value of the main graph, as ONNX Runtime infers them from a skeleton of the model
/// (see <see cref="ShapeSkeleton"/>): no weights are read and nothing is computed. What it leaves open is completed as far as
/// <see cref="OpenShapes"/> can.
/// </summary>
internal static class ShapeInference
{
    /// <summary>
    /// Sets <see cref="Value.Shape"/> and <see cref="Value.ElementType"/> of all values where the model's own value_info leaves any open.
    /// Dimensions that stay open keep their symbol, or are <see cref="Dim.Unknown"/>; values that are no tensors keep a null shape.
    /// </summary>
    /// <param name="inputShapes">Dimensions that the inputs are to have, by name; −1 leaves one open. Forces the inference.</param>
    /// <param name="name">How messages call the model.</param>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model. Nothing was changed.</exception>
    public static void Infer(Model model, IReadOnlyDictionary<string, long[]>? inputShapes = null, string name = "the model")
    {
        if (inputShapes is null && IsComplete(model.Graph))
        {
            MemoryBound.Check(model.Graph, v => v.Shape is null ? null : (v.ElementType, v.Shape), name);
            new Pass(model, null, name).Check();
            OpenShapes.Complete(model.Graph);
            return;
        }

        var rankless = new List<ValueDescription>();
        var found = Read(model, inputShapes, name, rankless);
        CheckResizes(model.Graph, found, name);
        foreach (var (value, description) in found)
        {
            value.ElementType = description.ElementType;
            value.Shape = inputShapes is null ? Merge(description.Shape, value.Shape) : description.Shape;
        }

        // Of these the runtime knows the type alone.
        foreach (var (value, type) in rankless.Select(r => (model.Graph.Find(r.Name), r.ElementType)))
        {
            if (value is { ElementType: ElementType.Undefined })
            {
                value.ElementType = type;
            }
        }

        OpenShapes.Complete(model.Graph);
    }

    /// <summary>ONNX Runtime believes that scales and sizes are lists, and where they are none it overwrites what is not its own.</summary>
    private static void CheckResizes(Graph graph, Dictionary<Value, ValueDescription> found, string name)
    {
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Resize" or "Upsample", Domain: "" }))
        {
            foreach (var operand in node.Inputs.Skip(1).OfType<Value>())
            {
                if (found.TryGetValue(operand, out var known) && known.Shape.Rank > 1)
                {
                    throw new UnsupportedModelException(
                        $"{name}: {node} is given '{operand.Name}' {known.Shape}, where a list of numbers is wanted.");
                }
            }
        }
    }

    /// <summary>True if the file itself states element type and rank of every value that a node makes.</summary>
    public static bool IsComplete(Graph graph)
    {
        foreach (var node in graph.Nodes)
        {
            foreach (var output in node.Outputs)
            {
                if (output is not null && (output.Shape is null || output.ElementType == ElementType.Undefined))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Infers inputs and node outputs, without touching the model.</summary>
    internal static Dictionary<Value, ValueDescription> Read(
        Model model, IReadOnlyDictionary<string, long[]>? inputShapes, string name, List<ValueDescription>? rankless = null)
    {
        var pass = new Pass(model, inputShapes, name);
        using var session = pass.Open();
        var found = new Dictionary<Value, ValueDescription>();
        rankless ??= [];
        foreach (var output in session.Outputs)
        {
            // Values that are no tensors have no shape to know.
            if (output.ElementType == ElementType.Undefined || model.Graph.Find(output.Name) is not { } value)
            {
                continue;
            }

            if (output.Shape.Rank > 0)
            {
                found.Add(value, output);
            }
            else if (value.Uses.Count > 0 || value.IsGraphOutput)
            {
                rankless.Add(output);
            }
        }

        foreach (var input in session.Inputs)
        {
            if (model.Graph.Find(input.Name) is { IsInitializer: false } value && (input.Shape.Rank > 0 || value.Shape is not null))
            {
                found[value] = input;
            }
        }

        MemoryBound.Check(model.Graph, v => found.TryGetValue(v, out var known) ? (known.ElementType, known.Shape) : null, name);
        AddFolded(model.Graph, pass, rankless, found);
        AddScalars(model.Graph, pass, rankless, found);
        return found;
    }

    /// <summary>
    /// Reshape targets and pads that the graph computes from constants are known once the runtime has folded them, which it does for
    /// values that nobody looks at: so a second look only at what the first left open.
    /// </summary>
    private static void AddFolded(Graph graph, Pass pass, List<ValueDescription> rankless, Dictionary<Value, ValueDescription> found)
    {
        // An input that is open without a symbol opens that axis of all that follows, by right; usually it is the batch.
        var firstAxis = found.Keys.Any(v => v.IsGraphInput && found[v].Shape is { Rank: > 0 } s && s[0] == Dim.Unknown) ? 1 : 0;
        var open = found.Values.Where(d => IsOpen(d, firstAxis)).Concat(rankless).Where(d => d.ElementType.IsFloatingPoint())
            .Select(d => d.Name).ToArray();
        open = Array.FindAll(open, n => graph.Find(n) is { Producer: not null });
        if (open.Length == 0)
        {
            return;
        }

        using var session = pass.OpenAgain(Optimization.Basic, open, []);
        foreach (var output in session?.Outputs ?? [])
        {
            if (output.Shape.Rank > 0)
            {
                found[graph.Find(output.Name)!] = output;
                rankless.RemoveAll(r => r.Name == output.Name);
            }
        }
    }

    /// <summary>The runtime shows scalars and unknown shapes alike; another look at just those tells them apart.</summary>
    private static void AddScalars(Graph graph, Pass pass, List<ValueDescription> rankless, Dictionary<Value, ValueDescription> found)
    {
        if (rankless.Count == 0)
        {
            return;
        }

        using var session = pass.OpenAgain(Optimization.None, [], rankless.ConvertAll(r => r.Name));
        var scalars = (session?.Outputs ?? []).Where(o => o.Shape.Rank == 1 && o.Shape[0].Size == 0).Select(o => o.Name).ToHashSet();
        foreach (var output in rankless)
        {
            if (scalars.Contains(ShapeSkeleton.RankProbe(output.Name)))
            {
                found.Add(graph.Find(output.Name)!, output);
            }
        }
    }

    private static bool IsOpen(ValueDescription description, int firstAxis)
    {
        for (var i = firstAxis; i < description.Shape.Rank; i++)
        {
            if (description.Shape[i] == Dim.Unknown)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts inferred shapes first, and fills the gaps by those that only the file states.</summary>
    private static Shape Merge(Shape inferred, Shape? stated)
    {
        if (stated is null || stated.Rank != inferred.Rank)
        {
            return inferred;
        }

        var dims = new Dim[inferred.Rank];
        for (var i = 0; i < dims.Length; i++)
        {
            dims[i] = inferred[i].IsKnown || (inferred[i].Symbol is not null && !stated[i].IsKnown) ? inferred[i] : stated[i];
        }

        return new Shape(dims);
    }

    /// <summary>The sessions of one inference: over the skeleton, or over the whole model where an operator refuses the skeleton.</summary>
    private sealed class Pass(Model model, IReadOnlyDictionary<string, long[]>? inputShapes, string name)
    {
        private readonly bool _isGuarded = LoadGuard.IsNeededFor(model.Graph);
        private readonly long _mostBytes = RunLimits.Bytes(model.Graph);
        private bool _whole;

        /// <exception cref="UnsupportedModelException">Neither loads.</exception>
        public OnnxSession Open()
        {
            try
            {
                return Open(Optimization.None, null, null);
            }
            catch (UnsupportedModelException)
            {
                _whole = true;
                return Open(Optimization.None, null, null);
            }
        }

        /// <summary>Another look; null when the runtime refuses it, which only leaves some shapes open.</summary>
        public OnnxSession? OpenAgain(Optimization optimization, IReadOnlyCollection<string> outputs, IReadOnlyCollection<string> ranksOf)
        {
            try
            {
                return Open(optimization, outputs, ranksOf);
            }
            catch (UnsupportedModelException)
            {
                return null;
            }
        }

        /// <summary>Makes sure that loading the model does not end the process, without loading it here.</summary>
        public void Check()
        {
            if (_isGuarded)
            {
                LoadGuard.Shared.Check(ShapeSkeleton.Write(model, inputShapes), Optimization.Basic, name, _mostBytes);
            }
        }

        private OnnxSession Open(Optimization optimization, IReadOnlyCollection<string>? outputs, IReadOnlyCollection<string>? ranksOf)
        {
            var bytes = _whole
                ? ShapeSkeleton.WriteWhole(model, inputShapes, outputs, ranksOf)
                : ShapeSkeleton.Write(model, inputShapes, outputs, ranksOf);
            if (_isGuarded)
            {
                LoadGuard.Shared.Check(bytes, optimization, name, _mostBytes);
            }

            return OnnxSession.Open(bytes, _whole ? model.Folder : null, SessionSettings.Plain with
            {
                Optimization = optimization
            }, name, _whole ? OnnxFile.ExternalWeights(model) : null);
        }
    }
}
