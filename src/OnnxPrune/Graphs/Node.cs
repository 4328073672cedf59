namespace OnnxPrune.Graphs;

/// <summary>One operation. Its inputs may have gaps (null: an optional input left out), so may its outputs.</summary>
public sealed class Node
{
    private readonly List<Value?> _inputs = [];
    private readonly List<Value?> _outputs = [];
    private readonly List<NodeAttribute> _attributes;
    private readonly List<Value> _captures = [];

    internal Node(string name, string opType, string domain, IEnumerable<NodeAttribute> attributes, ReadOnlyMemory<byte>? source)
    {
        Name = name;
        OpType = opType;
        Domain = domain;
        _attributes = [.. attributes];
        Source = source;
    }

    /// <summary>The name in the file, possibly empty; see <see cref="Label"/> for people.</summary>
    public string Name { get; }

    public string OpType { get; }

    /// <summary>The operator's domain; empty for ONNX's own operators.</summary>
    public string Domain { get; }

    public IReadOnlyList<Value?> Inputs => _inputs;

    public IReadOnlyList<Value?> Outputs => _outputs;

    internal IReadOnlyList<NodeAttribute> Attributes => _attributes;

    /// <summary>Values that this node's subgraphs (bodies of If, Loop, Scan) read from the graph around them.</summary>
    internal IReadOnlyList<Value> Captures => _captures;

    /// <summary>
    /// The domain of calls of functions that stand in one of the runtime's own domains: which of the two runs, the runtime decides.
    /// </summary>
    internal const string AmbiguousDomain = "(function of the model)";

    /// <summary>The operators inside this node's subgraphs, or in the body of the function that it calls.</summary>
    internal IReadOnlyList<string> InnerOperators { get; set; } = [];

    /// <summary>The number of floating-point constants its subgraphs hold.</summary>
    internal long InnerParameters { get; set; }

    /// <summary>The node's name in messages and plans: its own, or that of its first output when it has none.</summary>
    public string Label => Name.Length > 0 ? Name : _outputs.FirstOrDefault(o => o is not null)?.Name ?? OpType;

    /// <summary>A line that is added to the node's doc string; null for none.</summary>
    internal string? Remark { get; set; }

    /// <summary>The node as it was read; null when the program made it.</summary>
    internal ReadOnlyMemory<byte>? Source { get; }

    internal Value? Input(int index) => index < _inputs.Count ? _inputs[index] : null;

    /// <summary>The first output, which every operator that carries channels has.</summary>
    /// <exception cref="BrokenModelException">The node has no first output.</exception>
    internal Value Output =>
        (_outputs.Count > 0 ? _outputs[0] : null) ?? throw new BrokenModelException($"{OpType} '{Label}' has no output.");

    /// <summary>A required input.</summary>
    /// <exception cref="BrokenModelException">The input is missing.</exception>
    internal Value Required(int index) =>
        Input(index) ?? throw new BrokenModelException($"{OpType} '{Label}' lacks its input {index}.");

    internal NodeAttribute? Attribute(string name) => _attributes.Find(a => a.Name == name);

    public long Int(string name, long otherwise) => Get(name, otherwise);

    public float Float(string name, float otherwise) => Get(name, otherwise);

    public string String(string name, string otherwise) => Get(name, otherwise);

    /// <summary>The attribute's integers; null when it is absent.</summary>
    public long[]? Ints(string name) => Get<long[]?>(name, null);

    internal void Set(string name, object value)
    {
        var made = new NodeAttribute(name, value);
        var at = _attributes.FindIndex(a => a.Name == name);
        if (at >= 0)
        {
            _attributes[at] = made;
        }
        else
        {
            _attributes.Add(made);
        }
    }

    internal void RemoveAttribute(string name) => _attributes.RemoveAll(a => a.Name == name);

    /// <summary>Makes input <paramref name="index"/> read <paramref name="value"/>; grows the list with gaps where needed.</summary>
    internal void SetInput(int index, Value? value)
    {
        while (_inputs.Count <= index)
        {
            _inputs.Add(null);
        }

        _inputs[index]?.RemoveUse(new Use(this, index));
        _inputs[index] = value;
        value?.AddUse(new Use(this, index));
    }

    /// <summary>Drops the last inputs so that <paramref name="count"/> are left.</summary>
    internal void TrimInputs(int count)
    {
        while (_inputs.Count > count)
        {
            SetInput(_inputs.Count - 1, null);
            _inputs.RemoveAt(_inputs.Count - 1);
        }
    }

    /// <summary>The same for another graph, whose values <paramref name="copyOf"/> finds.</summary>
    internal Node Copy(Func<Value?, Value?> copyOf)
    {
        var copy = new Node(Name, OpType, Domain, _attributes, Source)
        {
            InnerOperators = InnerOperators,
            InnerParameters = InnerParameters,
            Remark = Remark,
        };
        for (var i = 0; i < _inputs.Count; i++)
        {
            copy.SetInput(i, copyOf(_inputs[i]));
        }

        _outputs.ForEach(o => copy.AddOutput(copyOf(o)));
        _captures.ForEach(c => copy.AddCapture(copyOf(c)!));
        return copy;
    }

    internal void AddOutput(Value? value)
    {
        _outputs.Add(value);
        value?.Producer = this;
    }

    internal void AddCapture(Value value)
    {
        _captures.Add(value);
        value.AddUse(new Use(this, Use.Captured));
    }

    /// <summary>Lets go of all inputs and outputs, as a node that leaves the graph must.</summary>
    internal void Detach()
    {
        TrimInputs(0);
        _captures.ForEach(c => c.RemoveUse(new Use(this, Use.Captured)));
        _captures.Clear();
        foreach (var output in _outputs)
        {
            if (output?.Producer == this)
            {
                output.Producer = null;
            }
        }
    }

    private T Get<T>(string name, T otherwise) => Attribute(name) switch
    {
        null => otherwise,
        { Value: T value } => value,
        _ => throw new BrokenModelException($"{OpType} '{Label}': attribute '{name}' has the wrong type."),
    };

    public override string ToString() => $"{OpType} '{Label}'";
}
