using System.Runtime.InteropServices;
using OnnxPrune.Graphs;
using TorchSharp;
using TorchSharp.Modules;

namespace OnnxPrune.Torch.Modules;

/// <summary>A constant of the graph as a tensor of libtorch.</summary>
internal sealed class Weight : IDisposable
{
    private readonly Tensor _original;

    internal Weight(Value value, IReadOnlyList<Use> uses, Tensor content, WeightRole role, torch.Device device, bool doubles)
    {
        (Value, Uses, Role, _original) = (value, uses, role, content);
        var data = TensorBridge.ToTorch(doubles ? content.WithType(ElementType.Double) : content, device).DetachFromDisposeScope();
        Data = role == WeightRole.Learned ? Detached(new Parameter(data)) : data;
    }

    /// <summary>Its name in the graph.</summary>
    public Value Value { get; }

    /// <summary>
    /// The places that read this tensor. One of BatchNormalization's running statistics has one reader, whoever else shares the value.
    /// </summary>
    public IReadOnlyList<Use> Uses { get; }

    public torch.Tensor Data { get; }

    /// <summary>The same, where gradients change it; null elsewhere.</summary>
    public Parameter? Parameter => Data as Parameter;

    /// <summary>True if it is BatchNormalization's scale.</summary>
    public bool IsNormScale => Uses.Any(u => u is { Index: 1, Node.OpType: "BatchNormalization" });

    internal WeightRole Role { get; }

    /// <summary>The content as it is now, in the type that the graph keeps it in.</summary>
    public Tensor Export()
    {
        var current = TensorBridge.FromTorch(Data);
        return current.ElementType == _original.ElementType ? current : current.WithType(_original.ElementType);
    }

    /// <summary>Takes over other numbers of the same shape.</summary>
    public void Load(Tensor content)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        Data.copy_(TensorBridge.ToTorch(content, torch.CPU));
    }

    public void Dispose() => Data.Dispose();

    private static Parameter Detached(Parameter parameter)
    {
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}

/// <summary>Tensors from and to libtorch. Doubles stay doubles; all else that is real becomes float.</summary>
internal static class TensorBridge
{
    public static torch.Tensor ToTorch(Tensor tensor, torch.Device device) => tensor.ElementType == ElementType.Double
        ? torch.tensor(tensor.ToDoubles(), [.. tensor.Dims], null, device)
        : torch.tensor(tensor.ToFloats(), [.. tensor.Dims], null, device);

    public static Tensor FromTorch(torch.Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        var bytes = tensor.detach().cpu().contiguous().bytes;
        var type = tensor.dtype == torch.ScalarType.Float64 ? ElementType.Double : ElementType.Float;
        return new Tensor(type, tensor.shape, bytes.ToArray());
    }

    /// <summary>The one element of a tensor.</summary>
    public static double Item(torch.Tensor tensor) =>
        tensor.dtype == torch.ScalarType.Float64 ? tensor.item<double>() : tensor.item<float>();

    /// <summary>The elements of a small tensor.</summary>
    public static float[] Floats(torch.Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        return MemoryMarshal.Cast<byte, float>(tensor.detach().cpu().contiguous().bytes).ToArray();
    }
}
