namespace OnnxPrune.Testing;

/// <summary>
/// Small random CNNs, made of what real ones are made of. The same seed gives the same network. Sizes are tiny: an 8×8 input, 2 to 10
/// channels, a handful of pieces.
/// </summary>
internal sealed class RandomNetwork
{
    private const int Classes = 3;
    private const int MostChannels = 24;

    private readonly Random _random;
    private readonly TestGraph _graph;
    private readonly List<string> _pieces = [];
    private int _size = 8;

    private RandomNetwork(int seed)
    {
        _random = new Random(seed);
        _graph = new TestGraph(seed)
        {
            Opset = _random.Next(3) == 0 ? 13 : 17,
            NamesNodes = _random.Next(4) != 0,
            UsesConstantNodes =
            _random.Next(8) == 0
        };
    }

    /// <summary>The network of a seed, and the names of its pieces for messages.</summary>
    public static (TestGraph Graph, string Pieces) Of(int seed)
    {
        var network = new RandomNetwork(seed);
        network.Make();
        return (network._graph, string.Join(' ', network._pieces));
    }

    private void Make()
    {
        var x = Layer(_graph.Input(3, _size, _size), 2 * Next(2, 5));
        var pieces = Next(2, 6);
        for (var i = 0; i < pieces; i++)
        {
            x = Piece(x);
            if (x.Channels > MostChannels)
            {
                x = Layer(x, 2 * Next(2, 5), kernel: 1);
            }

            if (_random.Next(12) == 0)
            {
                Note("output");
                _graph.Output(_random.Next(2) == 0 ? x : _graph.Conv(x, 2));
            }
        }

        Finish(x);
    }

    private Wire Piece(Wire x) => _random.Next(20) switch
    {
        0 => Layer(x, Next(2, 10)),
        1 or 2 => Residual(x),
        3 => PreActivation(x),
        4 => Projection(x),
        5 => PaddedShortcut(x),
        6 => Dense(x),
        7 => Grouped(x),
        8 => Depthwise(x),
        9 => SqueezeExcite(x),
        10 => Shuffle(x),
        11 => SplitAndJoin(x),
        12 => SliceAndJoin(x),
        13 => ChannelPad(x),
        14 => Nhwc(x),
        15 => Upscale(x),
        16 => Pool(x),
        17 => Inception(x),
        18 => SpatialAttention(x),
        _ => DepthSpace(x),
    };

    private Wire Layer(Wire x, int outputs, int kernel = 3)
    {
        Note("layer");
        x = _graph.Conv(x, outputs, kernel, bias: _random.Next(2) == 0);
        x = _random.Next(3) == 0 ? x : _graph.BatchNorm(x);
        return Activate(x);
    }

    private Wire Activate(Wire x) => _random.Next(8) switch
    {
        0 => x,
        1 => _graph.Op("LeakyRelu", x, ("alpha", 0.1f)),
        2 => _graph.Op("Sigmoid", x),
        3 => _graph.Binary("PRelu", x, _graph.Uniform(0.1, 0.4, x.Channels, 1, 1)),
        4 => new Wire(_graph.Op("Clip", [x, _graph.Scalar(0), _graph.Scalar(6)]), x.Channels),
        5 => _graph.Op(_graph.Opset >= 14 ? "HardSwish" : "Elu", x),
        _ => _graph.Relu(x),
    };

    private Wire Branch(Wire x, int outputs, int stride = 1)
    {
        var inner = _graph.ConvBnRelu(x, Next(2, 8), 3, stride);
        inner = _random.Next(3) == 0 ? _graph.ConvBnRelu(inner, Next(2, 8), 1) : inner;
        return _graph.BatchNorm(_graph.Conv(inner, outputs, 3, bias: false));
    }

    private Wire Residual(Wire x)
    {
        Note("residual");
        var branch = Branch(x, x.Channels);
        return _graph.Relu(_random.Next(2) == 0 ? _graph.Add(branch, x) : new Wire(_graph.Op("Sum", [x, branch]), x.Channels));
    }

    private Wire PreActivation(Wire x)
    {
        Note("pre-activation");
        return _graph.Add(
            x, _graph.Conv(_graph.Relu(_graph.BatchNorm(_graph.ConvBnRelu(_graph.Relu(_graph.BatchNorm(x)), Next(2, 8)))), x.Channels, 3));
    }

    private Wire Projection(Wire x)
    {
        Note("projection");
        var (outputs, stride) = (Next(3, 10), Stride());
        return _graph.Relu(_graph.Add(Branch(x, outputs, stride), _graph.BatchNorm(_graph.Conv(x, outputs, 1, stride, bias: false))));
    }

    private Wire PaddedShortcut(Wire x)
    {
        Note("padded");
        var (before, after, stride) = (Next(0, 3), Next(1, 4), Stride());
        var shortcut = stride == 1
            ? x.Name
            : _graph.Op("Slice", [x, _graph.Longs(0, 0), _graph.Longs(int.MaxValue, int.MaxValue), _graph.Longs(2, 3), _graph.Longs(2, 2)]);
        shortcut = _graph.Op("Pad", [shortcut, _graph.Longs(0, before, 0, 0, 0, after, 0, 0)]);
        var outputs = x.Channels + before + after;
        return _graph.Relu(_graph.Add(Branch(x, outputs, stride), new Wire(shortcut, outputs)));
    }

    private Wire Dense(Wire x)
    {
        Note("dense");
        for (var i = 0; i < 2; i++)
        {
            x = _graph.Concat(1, x, Layer(x, Next(2, 5)));
        }

        return x;
    }

    private Wire Grouped(Wire x)
    {
        Note("grouped");
        var group = x.Channels % 3 == 0 ? 3 : x.Channels % 2 == 0 ? 2 : 1;
        return Activate(_graph.BatchNorm(_graph.Conv(x, group * Next(1, 4), 3, group: group)));
    }

    private Wire Depthwise(Wire x)
    {
        Note("depthwise");
        return Layer(_graph.Relu(_graph.Depthwise(x, multiplier: Next(1, 3))), Next(2, 10), kernel: 1);
    }

    private Wire SqueezeExcite(Wire x)
    {
        Note("se");
        var gate = _graph.Relu(_graph.Conv(_graph.GlobalAveragePool(x), Next(2, 4)));
        return _graph.Binary("Mul", x, _graph.Op("Sigmoid", _graph.Conv(gate, x.Channels)));
    }

    private Wire Shuffle(Wire x)
    {
        var group = x.Channels % 2 == 0 ? 2 : 1;
        if (group == 1)
        {
            return Layer(x, 2 * Next(2, 4));
        }

        Note("shuffle");
        var split = _graph.Op("Reshape", [x, _graph.Longs(_random.Next(2) == 0 ? 0 : -1, group, x.Channels / group, _size, _size)]);
        var swapped = _graph.Op("Transpose", [split], ("perm", new long[] { 0, 2, 1, 3, 4 }));
        return new Wire(_graph.Op("Reshape", [swapped, _graph.Longs(0, _random.Next(2) == 0 ? -1 : x.Channels, _size, _size)]), x.Channels);
    }

    private Wire SplitAndJoin(Wire x)
    {
        if (x.Channels < 2)
        {
            return Layer(x, Next(2, 8));
        }

        Note("split");
        var first = Next(1, x.Channels - 1);
        var parts = _graph.Ops("Split", [x, _graph.Longs(first, x.Channels - first)], 2, ("axis", _random.Next(2) == 0 ? 1L : -3L));
        var (a, b) = (new Wire(parts[0], first), new Wire(parts[1], x.Channels - first));
        return _random.Next(2) == 0 ? _graph.Concat(1, b, Layer(a, Next(2, 5))) : _graph.Concat(1, a, Activate(b));
    }

    private Wire SliceAndJoin(Wire x)
    {
        if (x.Channels < 2)
        {
            return Layer(x, Next(2, 8));
        }

        Note("slice");
        var at = Next(1, x.Channels - 1);
        var front = new Wire(_graph.Op("Slice", [x, _graph.Longs(0), _graph.Longs(at), _graph.Longs(1)]), at);
        var back = new Wire(
            _graph.Op("Slice", [x, _graph.Longs(at - x.Channels), _graph.Longs(int.MaxValue), _graph.Longs(-3)]), x.Channels - at);
        return _graph.Concat(1, _graph.Relu(back), Layer(front, Next(2, 5)), front);
    }

    private Wire ChannelPad(Wire x)
    {
        Note("pad");
        var (before, after) = (Next(0, 3), Next(0, 3));
        return new Wire(
            _graph.Op("Pad", [x, _graph.Longs(0, before, 1, 0, 0, after, 0, 1), _graph.Scalar(0.3)]), x.Channels + before + after) is var y
            ? _graph.Op("AveragePool", y, ("kernel_shape", new long[] { 2, 2 }))
            : x;
    }

    private Wire Nhwc(Wire x)
    {
        Note("nhwc");
        var moved = _graph.Op("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 }));
        var outputs = Next(2, 8);
        var mixed =
            _graph.Op("Add", [_graph.Op("MatMul", [moved, _graph.Weight(0.4, [x.Channels, outputs])]), _graph.Weight(0.3, [outputs])]);
        return new Wire(_graph.Op("Transpose", [_graph.Op("Tanh", [mixed])], ("perm", new long[] { 0, 3, 1, 2 })), outputs);
    }

    private Wire Upscale(Wire x)
    {
        if (_size > 8)
        {
            return Layer(x, Next(2, 8));
        }

        Note("upscale");
        _size *= 2;
        return _random.Next(3) switch
        {
            0 => _graph.ConvTranspose(x, Next(2, 8)),
            1 when x.Channels % 2 == 0 => _graph.ConvTranspose(x, 2 * Next(1, 4), group: 2),
            _ => new Wire(_graph.Op("Resize", [x, "", _graph.Floats(1, 1, 2, 2)]), x.Channels),
        };
    }

    private Wire Pool(Wire x)
    {
        if (_size < 4)
        {
            return Activate(x);
        }

        Note("pool");
        _size /= 2;
        return _graph.Op(
            _random.Next(2) == 0 ? "MaxPool" : "AveragePool", x, ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
    }

    private Wire Inception(Wire x)
    {
        Note("inception");
        return _graph.Concat(1, Layer(x, Next(2, 5), 1), Layer(x, Next(2, 5)), _graph.Op(
            "MaxPool", x, ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 })));
    }

    private Wire SpatialAttention(Wire x)
    {
        Note("attention");
        return _graph.Binary("Mul", x, _graph.Op("Sigmoid", _graph.Conv(x, 1, 3)));
    }

    private Wire DepthSpace(Wire x)
    {
        if (_size is < 4 or > 8)
        {
            return Layer(x, 4 * Next(1, 3));
        }

        Note("depth-space");
        var deep = _graph.Op("SpaceToDepth", x, ("blocksize", 2L)) with { Channels = 4 * x.Channels };
        var back = _random.Next(2) == 0 ? _graph.Op("Sin", deep) : Layer(deep, 4 * Next(1, 4), 1);
        return _graph.Op(
            "DepthToSpace", back, ("blocksize", 2L), ("mode", _random.Next(2) == 0 ? "CRD" : "DCR")) with
        { Channels = back.Channels / 4 };
    }

    private void Finish(Wire x)
    {
        switch (_random.Next(4))
        {
            case 0:
                _graph.Classify(x, Classes);
                break;
            case 1:
                var flat = _graph.Flatten(x, _size * _size);
                _graph.Output(_graph.Op("Softmax", _graph.Linear(_graph.Relu(_graph.Linear(flat, Next(3, 8))), Classes), ("axis", 1L)));
                break;
            case 2:
                var mean = new Wire(_graph.Op("ReduceMean", [x], ("axes", new long[] { 2, 3 }), ("keepdims", 0L)), x.Channels);
                _graph.Output(new Wire(_graph.Op("MatMul", [mean, _graph.Weight(x.Channels, Classes)]), Classes));
                break;
            default:
                _graph.Close(x);
                break;
        }
    }

    private int Stride()
    {
        if (_size < 4 || _random.Next(2) == 0)
        {
            return 1;
        }

        _size /= 2;
        return 2;
    }

    private int Next(int low, int high) => _random.Next(low, high + 1);

    private void Note(string piece) => _pieces.Add(piece);
}
