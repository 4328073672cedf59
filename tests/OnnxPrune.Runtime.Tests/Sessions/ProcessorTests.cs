using System.Runtime.Intrinsics.X86;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Sessions;

public sealed class ProcessorTests
{
    /// <summary>Tests are compiled as they run, for the processor that is there.</summary>
    [Fact]
    public void The_processor_is_the_one_that_NET_compiles_for()
    {
        Assert.Equal(Avx2.IsSupported, Processor.HasAvx2);
        Assert.Equal(Avx512F.IsSupported, Processor.HasAvx512);
    }
}
