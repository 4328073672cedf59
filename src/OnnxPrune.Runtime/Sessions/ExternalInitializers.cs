using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// Gives a session the elements of initializers that its model leaves to external files. ONNX Runtime copies them while it loads the model;
/// disposing releases ours, and comes after that.
/// </summary>
/// <remarks>
/// The managed package has the table of the C API, but no method for its AddExternalInitializers: "OrtStatus* (OrtSessionOptions*, const
/// char* const* names, const OrtValue* const* values, size_t count)".
/// </remarks>
internal sealed unsafe class ExternalInitializers : IDisposable
{
    // OrtArenaAllocator, OrtMemTypeDefault, after onnxruntime_c_api.h: how a tensor over somebody's own memory is described.
    private const int Arena = 1;
    private const int DefaultMemory = 0;

    private static readonly Lazy<OrtApi> Api = new(LoadApi);

    private readonly List<IntPtr> _names = [];
    private readonly List<IntPtr> _values = [];
    private readonly List<MemoryHandle> _pins = [];
    private readonly IntPtr _memory;

    /// <exception cref="OnnxRuntimeException">The runtime refuses.</exception>
    public ExternalInitializers(SessionOptions options, IReadOnlyDictionary<string, Tensor> weights)
    {
        try
        {
            IntPtr memory;
            Check(((delegate* unmanaged<int, int, IntPtr*, IntPtr>)Api.Value.CreateCpuMemoryInfo)(Arena, DefaultMemory, &memory));
            _memory = memory;
            foreach (var (name, tensor) in weights)
            {
                _names.Add(Marshal.StringToCoTaskMemUTF8(name));
                _values.Add(Wrap(tensor));
            }

            fixed (IntPtr* names = _names.ToArray(), values = _values.ToArray())
            {
                Check(((delegate* unmanaged<IntPtr, IntPtr*, IntPtr*, nuint, IntPtr>)Api.Value.AddExternalInitializers)(
                    options.DangerousGetHandle(), names, values, (nuint)_names.Count));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private IntPtr Wrap(Tensor tensor)
    {
        var pin = tensor.Data.Pin();
        _pins.Add(pin);
        IntPtr value;
        fixed (long* dims = tensor.Dims.ToArray())
        {
            // ONNX Runtime numbers its element types as ONNX does.
            Check(((delegate* unmanaged<IntPtr, void*, nuint, long*, nuint, int, IntPtr*, IntPtr>)Api.Value.CreateTensorWithDataAsOrtValue)(
                _memory, pin.Pointer, (nuint)tensor.Data.Length, dims, (nuint)tensor.Rank, (int)tensor.ElementType, &value));
        }

        return value;
    }

    private static void Check(IntPtr status)
    {
        if (status == IntPtr.Zero)
        {
            return;
        }

        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged<IntPtr, IntPtr>)Api.Value.GetErrorMessage)(status));
        ((delegate* unmanaged<IntPtr, void>)Api.Value.ReleaseStatus)(status);
        throw new UnsupportedModelException(
            $"ONNX Runtime {RuntimeEnvironment.Version} does not take the model's external data: {message}.");
    }

    private static OrtApi LoadApi()
    {
        _ = RuntimeEnvironment.Instance;

        // OrtApiBase starts with "const OrtApi* (*GetApi)(uint32_t version)". The functions used here are older than this version.
        const uint Version = 18;
        return Marshal.PtrToStructure<OrtApi>(((delegate* unmanaged<uint, IntPtr>)GetApiBase()[0])(Version));
    }

    public void Dispose()
    {
        _values.ForEach(v => ((delegate* unmanaged<IntPtr, void>)Api.Value.ReleaseValue)(v));
        _names.ForEach(Marshal.FreeCoTaskMem);
        _pins.ForEach(p => p.Dispose());
        if (_memory != IntPtr.Zero)
        {
            ((delegate* unmanaged<IntPtr, void>)Api.Value.ReleaseMemoryInfo)(_memory);
        }
    }

    [DllImport("onnxruntime", EntryPoint = "OrtGetApiBase")]
    private static extern IntPtr* GetApiBase();
}
