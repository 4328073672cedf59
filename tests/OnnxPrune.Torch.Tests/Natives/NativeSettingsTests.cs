using System.Runtime.InteropServices;

namespace OnnxPrune.Torch.Tests.Natives;

/// <summary>Asks the allocator about the whole process, and so runs when no other test does.</summary>
[Collection(nameof(NativeSettingsTests))]
[CollectionDefinition(nameof(NativeSettingsTests), DisableParallelization = true)]
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

    [Fact]
    public unsafe void Memory_that_is_freed_stays_with_the_process()
    {
        TorchLibrary.KeepFreedMemory();

        // Mapped on its own where mappings are on, and no more than the heap of a thread can hold.
        const int Large = 40 << 20;
        var before = MemoryInfo();
        var block = NativeMemory.Alloc(Large);
        var during = MemoryInfo();
        NativeMemory.Free(block);

        Assert.Equal(before.MappedBytes, during.MappedBytes);
        Assert.True(during.HeapBytes > Large);
        Assert.True(MemoryInfo().HeapBytes >= during.HeapBytes);
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial AllocatorState MemoryInfo();

    /// <summary>glibc's struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct AllocatorState
    {
        public readonly nuint HeapBytes;
        public readonly nuint FreeChunks;
        public readonly nuint FastChunks;
        public readonly nuint Mappings;
        public readonly nuint MappedBytes;
        public readonly nuint Reserved;
        public readonly nuint FastBytes;
        public readonly nuint UsedBytes;
        public readonly nuint FreeBytes;
        public readonly nuint TopBytes;
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Get(string name);
}
