using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Modules;

/// <summary>The same inputs through libtorch and through ONNX Runtime.</summary>
internal static class ModuleRun
{
    public static Tensor Torch(GraphModule module, Tensor input)
    {
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        return TensorBridge.FromTorch(module.Forward(TensorBridge.ToTorch(input, torch.CPU), training: false));
    }

    /// <summary>Row by row where the model fixes its batch at 1.</summary>
    public static Tensor Runtime(Model model, Tensor input)
    {
        using var session = OnnxSession.Open(model, SessionSettings.Plain);
        var description = session.Inputs[0];
        var rows = description.FixedBatch == 1 ? Enumerable.Range(0, (int)input.Dims[0]).Select(i => input.Take(0, [i])) : [input];
        var outputs = rows
            .Select(row => session.Run(new Dictionary<string, Tensor> { [description.Name] = row })[session.Outputs[0].Name])
            .ToArray();
        var width = outputs[0].Count / (description.FixedBatch == 1 ? 1 : input.Dims[0]);
        return Tensor.Of(outputs.SelectMany(o => o.ToFloats()).ToArray(), input.Dims[0], width);
    }

    /// <summary>
    /// The largest difference between two outputs of the same shape, relative to the size of the larger numbers in it, at least 1.
    /// </summary>
    public static double Difference(Tensor a, Tensor b)
    {
        Assert.Equal(a.Dims, b.Dims);
        var size = Math.Max(1, a.ToDoubles().Max(Math.Abs));
        return a.ToDoubles().Zip(b.ToDoubles(), (x, y) => Math.Abs(x - y)).Max() / size;
    }
}
