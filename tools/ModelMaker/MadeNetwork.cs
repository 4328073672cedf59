using Google.Protobuf;
using ModelMaker.Building;
using Onnx;

namespace ModelMaker;

/// <summary>A finished network and what it costs.</summary>
/// <param name="Model">The ONNX model.</param>
/// <param name="Parameters">Learnt numbers: no running statistics.</param>
/// <param name="Macs">Multiply-accumulates for one input.</param>
public sealed record MadeNetwork(ModelProto Model, long Parameters, long Macs)
{
    /// <summary>Makes <paramref name="network"/>; the same options give the same bytes.</summary>
    public static MadeNetwork Make(Network network, MakeOptions options)
    {
        options = options with { Opset = network.Opset ?? Math.Max(options.Opset, network.OldestOpset) };
        var builder = new NetworkBuilder(options);
        var model = builder.Build(network.Build(builder));
        var (parameters, macs) = (builder.Parameters, builder.Macs);
        network.Style.Rewrite(model);
        return new(model, parameters, macs);
    }

    /// <summary>Writes the model; returns the file's size in bytes.</summary>
    public long Save(string path)
    {
        using var file = File.Create(path);
        Model.WriteTo(file);
        return file.Length;
    }
}
