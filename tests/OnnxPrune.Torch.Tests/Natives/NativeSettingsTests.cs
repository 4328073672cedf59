using System.Runtime.InteropServices;

namespace OnnxPrune.Torch.Tests.Natives;

public sealed partial class NativeSettingsTests
{
    [Fact]
    public void Threads_of_libtorch_are_told_to_sleep_while_they_wait()
    {
        TorchLibrary.Load();

        // .NET's own view of the environment is a copy.
        Assert.Equal("PASSIVE", Marshal.PtrToStringUTF8(Get("OMP_WAIT_POLICY")), ignoreCase: true);
    }

    [Fact]
    public void Convolutions_are_kept_to_kernels_that_several_threads_can_run()
    {
        TorchLibrary.Load();

        Assert.Equal("AVX2", Marshal.PtrToStringUTF8(Get("ONEDNN_MAX_CPU_ISA")), ignoreCase: true);
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Get(string name);
}
