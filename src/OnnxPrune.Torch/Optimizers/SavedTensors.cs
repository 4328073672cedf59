using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Torch.Optimizers;

/// <summary>The numbers of several tensors as bytes, one after the other, as a checkpoint keeps them.</summary>
internal static class SavedTensors
{
    public static byte[] Save(IEnumerable<torch.Tensor> tensors)
    {
        using var memory = new MemoryStream();
        foreach (var tensor in tensors)
        {
            memory.Write(TensorBridge.FromTorch(tensor).Data.Span);
        }

        return memory.ToArray();
    }

    /// <param name="tensors">Overwritten; of the shapes and types of those that were saved.</param>
    /// <exception cref="InvalidDataException">There are fewer or more bytes than the tensors take.</exception>
    public static void Load(IEnumerable<torch.Tensor> tensors, byte[] saved)
    {
        using var mode = torch.no_grad();
        var at = 0;
        foreach (var tensor in tensors)
        {
            using var scope = torch.NewDisposeScope();
            var like = TensorBridge.FromTorch(tensor);
            if (saved.Length - at < like.Data.Length)
            {
                throw OfAnotherNetwork();
            }

            tensor.copy_(
                TensorBridge.ToTorch(new Graphs.Tensor(like.ElementType, like.Dims, saved.AsMemory(at, like.Data.Length)), torch.CPU));
            at += like.Data.Length;
        }

        if (at != saved.Length)
        {
            throw OfAnotherNetwork();
        }
    }

    private static InvalidDataException OfAnotherNetwork() => new("the state of its optimizer is of another network");
}
