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
/// By the C API's AddExternalInitializers: "OrtStatus* (OrtSessionOptions*, const char* const* names, const OrtValue* const* values, size_t
/// count)".
/// </remarks>
internal sealed unsafe class ExternalInitializers : IDisposable
{
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
            Check(RuntimeApi.DescribeMemory(&memory));
            _memory = memory;
            foreach (var (name, tensor) in weights)
            {
                _names.Add(Marshal.StringToCoTaskMemUTF8(name));
                _values.Add(Wrap(tensor));
            }

            fixed (IntPtr* names = _names.ToArray(), values = _values.ToArray())
            {
                Check(((delegate* unmanaged<IntPtr, IntPtr*, IntPtr*, nuint, IntPtr>)RuntimeApi.Table.AddExternalInitializers)(
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
            var create = (delegate* unmanaged<IntPtr, void*, nuint, long*, nuint, int, IntPtr*, IntPtr>)RuntimeApi.Table
                .CreateTensorWithDataAsOrtValue;
            Check(create(
                _memory, pin.Pointer, (nuint)tensor.Data.Length, dims, (nuint)tensor.Rank, (int)tensor.ElementType, &value));
        }

        return value;
    }

    private static void Check(IntPtr status)
    {
        if (RuntimeApi.Failure(status) is { } message)
        {
            throw new UnsupportedModelException(
                $"ONNX Runtime {RuntimeEnvironment.Version} does not take the model's external data: {message}.");
        }
    }

    public void Dispose()
    {
        _values.ForEach(v => ((delegate* unmanaged<IntPtr, void>)RuntimeApi.Table.ReleaseValue)(v));
        _names.ForEach(Marshal.FreeCoTaskMem);
        _pins.ForEach(p => p.Dispose());
        if (_memory != IntPtr.Zero)
        {
            ((delegate* unmanaged<IntPtr, void>)RuntimeApi.Table.ReleaseMemoryInfo)(_memory);
        }
    }
}
