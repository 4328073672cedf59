namespace OnnxPrune.Graphs;

/// <summary>Nodes and the values between them. Keeps its own def-use links; removal and renaming leave it consistent.</summary>
public sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, Value> _values = [];
    private readonly List<Value> _inputs = [];
    private readonly List<Value> _outputs = [];
    private readonly List<Value> _initializers = [];

    public string Name { get; init; } = "";

    /// <summary>Names that the file describes although no value has them: they stay in the file.</summary>
    internal IReadOnlySet<string> NamesOfNothing { get; set; } = new HashSet<string>();

    /// <summary>The nodes in the file's order, which is topological in a well-formed model.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The graph's inputs, initializers that are listed as inputs (IR version 3) included.</summary>
    public IReadOnlyList<Value> Inputs => _inputs;

    public IReadOnlyList<Value> Outputs => _outputs;

    public IReadOnlyList<Value> Initializers => _initializers;

    public IEnumerable<Value> Values => _values.Values;

    /// <summary>The inputs that the caller must feed.</summary>
    public IEnumerable<Value> FedInputs => _inputs.Where(i => !i.IsInitializer);

    /// <summary>
    /// An independent copy: nodes, values and their links are new; tensors and attributes, which never change, are shared.
    /// </summary>
    /// <param name="copyOf">Finds the copies of nodes and values.</param>
    internal Graph Clone(out CopyMap copyOf)
    {
        using var step = Activities.Begin(Activities.CopyGraph);
        var copy = new Graph { Name = Name, NamesOfNothing = NamesOfNothing };
        var values = _values.Values.ToDictionary(v => v, v => v.Copy());
        foreach (var value in values.Values)
        {
            copy._values.Add(value.Name, value);
        }

        var nodes = _nodes.ToDictionary(n => n, n => n.Copy(v => v is null ? null : values[v]));
        copy._inputs.AddRange(_inputs.Select(v => values[v]));
        copy._outputs.AddRange(_outputs.Select(v => values[v]));
        copy._initializers.AddRange(_initializers.Select(v => values[v]));
        copy._nodes.AddRange(_nodes.Select(n => nodes[n]));
        copyOf = new CopyMap(nodes, values);
        return copy;
    }

    public Value? Find(string name) => _values.GetValueOrDefault(name);

    internal Value GetOrAddValue(string name)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            _values.Add(name, value = new Value(name));
        }

        return value;
    }

    internal void AddInput(Value value)
    {
        value.IsGraphInput = true;
        _inputs.Add(value);
    }

    internal void AddOutput(Value value)
    {
        value.IsGraphOutput = true;
        _outputs.Add(value);
    }

    /// <exception cref="BrokenModelException">The name already belongs to an initializer or to a node's output.</exception>
    internal Value AddInitializer(string name, Tensor tensor)
    {
        var value = GetOrAddValue(name);
        if (value.IsInitializer || value.Producer is not null)
        {
            throw new BrokenModelException($"The name '{name}' is given to two values.");
        }

        SetInitializer(value, tensor);
        _initializers.Add(value);
        return value;
    }

    /// <summary>An initializer under a name that no other value has, derived from <paramref name="name"/>.</summary>
    internal Value AddFreshInitializer(string name, Tensor tensor) => AddInitializer(FreshName(name), tensor);

    /// <summary>Gives an initializer another content; its type and shape follow.</summary>
    internal static void SetInitializer(Value value, Tensor tensor)
    {
        value.Initializer = tensor;
        (value.InitializerSource, value.SparseSource) = (null, null);
        value.ElementType = tensor.ElementType;
        value.Shape = new Shape(tensor.Dims.Select(d => new Dim(d)));
    }

    /// <summary>Appends a node; <paramref name="before"/> puts it in front of another one instead.</summary>
    /// <exception cref="BrokenModelException">An output's name already belongs to another value.</exception>
    internal Node AddNode(
        string name,
        string opType,
        IEnumerable<Value?> inputs,
        IEnumerable<string> outputs,
        IEnumerable<NodeAttribute>? attributes = null,
        string domain = "",
        Node? before = null,
        ReadOnlyMemory<byte>? source = null)
    {
        var node = new Node(name, opType, domain, attributes ?? [], source);
        var index = 0;
        foreach (var input in inputs)
        {
            node.SetInput(index++, input);
        }

        foreach (var output in outputs)
        {
            if (output.Length == 0)
            {
                node.AddOutput(null);
                continue;
            }

            var value = GetOrAddValue(output);
            if (value.Producer is not null || value.IsInitializer || value.IsGraphInput)
            {
                throw new BrokenModelException(
                    $"The name '{output}' is given to two values; one of them is an output of {opType} '{node.Label}'.");
            }

            node.AddOutput(value);
        }

        _nodes.Insert(before is null ? _nodes.Count : _nodes.IndexOf(before), node);
        return node;
    }

    /// <summary>Removes the nodes. Their outputs must have no reader left that stays.</summary>
    internal void RemoveNodes(IReadOnlySet<Node> nodes)
    {
        _nodes.RemoveAll(nodes.Contains);
        foreach (var node in nodes)
        {
            node.Detach();
        }

        foreach (var output in nodes.SelectMany(n => n.Outputs).OfType<Value>())
        {
            if (output.Uses.Count > 0 || output.IsGraphOutput)
            {
                throw new InvalidOperationException($"'{output.Name}' still has readers.");
            }

            _values.Remove(output.Name);
        }
    }

    /// <summary>Removes an initializer that nobody reads; one that is listed as an input leaves that list too.</summary>
    internal void RemoveInitializer(Value value)
    {
        if (value.Uses.Count > 0 || value.IsGraphOutput)
        {
            throw new InvalidOperationException($"'{value.Name}' still has readers.");
        }

        _initializers.Remove(value);
        _inputs.Remove(value);
        _values.Remove(value.Name);
    }

    /// <summary>Takes an initializer off the inputs, so that nobody can feed another value.</summary>
    internal void Unlist(Value initializer)
    {
        _inputs.Remove(initializer);
        initializer.IsGraphInput = false;
    }

    /// <summary>
    /// Makes every reader of <paramref name="old"/> read <paramref name="replacement"/> instead. A graph output keeps its name:
    /// when <paramref name="old"/> is one, the replacement's producer takes the name over.
    /// </summary>
    /// <returns>False when that is impossible and nothing changed: an output would have to be fed by a graph input or an initializer,
    /// or by a value that is a graph output itself, or a subgraph captures the old value by its name.</returns>
    internal bool ReplaceAllUsesWith(Value old, Value replacement)
    {
        if (old.Uses.Any(u => u.IsCapture))
        {
            return false;
        }

        if (old.IsGraphOutput && (replacement.Producer is null || replacement.IsGraphOutput || replacement.Uses.Any(u => u.IsCapture)))
        {
            return false;
        }

        foreach (var use in old.Uses.ToArray())
        {
            use.Node.SetInput(use.Index, replacement);
        }

        if (old.IsGraphOutput)
        {
            var (oldName, newName) = (old.Name, replacement.Name);
            _outputs[_outputs.IndexOf(old)] = replacement;
            (old.IsGraphOutput, replacement.IsGraphOutput) = (false, true);
            (old.Name, replacement.Name) = (newName, oldName);
            (_values[newName], _values[oldName]) = (old, replacement);
        }

        return true;
    }

    internal string FreshName(string name)
    {
        var fresh = name;
        for (var n = 1; _values.ContainsKey(fresh); n++)
        {
            fresh = $"{name}_{n}";
        }

        return fresh;
    }

    /// <summary>The nodes so that every one comes after those it reads from; the file's order where that is already so.</summary>
    /// <exception cref="BrokenModelException">The nodes form a cycle.</exception>
    public IReadOnlyList<Node> TopologicalOrder()
    {
        var ready = new HashSet<Node>();
        if (_nodes.TrueForAll(n => Dependencies(n).All(ready.Contains) && ready.Add(n)))
        {
            return _nodes;
        }

        var order = new List<Node>(_nodes.Count);
        var waiting = _nodes.ToDictionary(n => n, n => Dependencies(n).Distinct().Count());
        var queue = new Queue<Node>(_nodes.Where(n => waiting[n] == 0));
        while (queue.TryDequeue(out var node))
        {
            order.Add(node);
            foreach (var next in node.Outputs.OfType<Value>().SelectMany(o => o.Uses).Select(u => u.Node).Distinct())
            {
                if (--waiting[next] == 0)
                {
                    queue.Enqueue(next);
                }
            }
        }

        if (order.Count < _nodes.Count)
        {
            throw new BrokenModelException($"The graph has a cycle through {_nodes.First(n => waiting[n] > 0)}.");
        }

        return order;
    }

    private static IEnumerable<Node> Dependencies(Node node) =>
        node.Inputs.OfType<Value>().Concat(node.Captures).Select(v => v.Producer).OfType<Node>();
}
