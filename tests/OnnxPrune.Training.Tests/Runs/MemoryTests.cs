using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Runs;

/// <summary>Measures the whole process, and so runs when no other test does.</summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryTests
{
    private const long Most = 50 << 20;

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        using var outer = torch.NewDisposeScope();
        using var module = GraphModule.Of(Stripes.Network(), torch.CPU);
        var input = new Stripes(4, 3).Read([new ValueDescription("x", ElementType.Float, new Shape())], [0, 1, 2, 3])["x"];
        var x = TensorBridge.ToTorch(input, torch.CPU);
        long Memory(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                using var scope = torch.NewDisposeScope();
                module.Forward(x, training: true).sum().backward();
            }

            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return process.WorkingSet64;
        }

        var (warm, after) = (Memory(50), Memory(500));

        Assert.True(after - warm < Most, $"{after - warm} bytes more");
    }
}
