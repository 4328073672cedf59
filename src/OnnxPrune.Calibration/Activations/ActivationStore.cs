using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Microsoft.Win32.SafeHandles;
using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// Values of a network between two runs: in memory up to a bound, and beyond it in a temporary file, so that memory does not grow with the
/// number of inputs.
/// </summary>
/// <param name="mostInMemory">In bytes.</param>
/// <param name="folder">Where the file is; null for the system's temporary folder.</param>
internal sealed class ActivationStore(long mostInMemory = ActivationStore.MostInMemory, string? folder = null) : IDisposable
{
    /// <summary>
    /// Takes the activations of 128 images of 224x224 in a ResNet-50; twice, since the original and the pruned network run side by side.
    /// </summary>
    public const long MostInMemory = 1L << 30;

    // Where something of this length was, and is not any more. The same lengths come again and again.
    private readonly Dictionary<long, Stack<long>> _free = [];
    private readonly string _folder = folder ?? Path.GetTempPath();
    private SafeFileHandle? _file;
    private long _inMemory;

    /// <summary>The length of the file, in bytes; 0 while everything fits into memory.</summary>
    public long FileLength { get; private set; }

    /// <summary>Takes a value over.</summary>
    /// <exception cref="IOException">The temporary folder is full or cannot be written to.</exception>
    public Held Keep(OrtValue value)
    {
        var bytes = SizeOf(value);
        if (bytes == 0 || _inMemory + bytes <= mostInMemory)
        {
            _inMemory += bytes;
            return new Held(this, value, bytes, 0, default, []);
        }

        using (value)
        {
            var offset = _free.TryGetValue(bytes, out var places) && places.TryPop(out var free) ? free : FileLength;
            Write(value.GetTensorMutableRawData(), offset);
            FileLength = Math.Max(FileLength, offset + bytes);
            var info = value.GetTensorTypeAndShape();
            return new Held(this, null, bytes, offset, info.ElementDataType, info.Shape);
        }
    }

    public void Dispose() => _file?.Dispose();

    // What is no tensor of numbers stays in memory, uncounted.
    private static long SizeOf(OrtValue value) =>
        value.IsTensor && ((ElementType)(int)value.GetTensorTypeAndShape().ElementDataType).SizeInBytes() > 0
            ? value.GetTensorMutableRawData().Length
            : 0;

    private void Write(ReadOnlySpan<byte> data, long offset)
    {
        try
        {
            RandomAccess.Write(_file ??= OpenFile(), data, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"the temporary folder '{_folder}' does not take what the network computes on the calibration inputs, "
                    + $"{(FileLength + data.Length) >> 20} MiB by now: "
                + $"give fewer with --limit, or another folder in TMPDIR ({e.Message})", e);
        }
    }

    private SafeFileHandle OpenFile()
    {
        var path = Path.Combine(_folder, $"onnxprune-{Path.GetRandomFileName()}");
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete);
        // It has no name any more, and is gone with the process, however that ends.
        File.Delete(path);
        return file;
    }

    /// <summary>A value that the store holds.</summary>
    internal sealed class Held : IDisposable
    {
        private readonly ActivationStore _store;
        private readonly OrtValue? _value;
        private readonly long _bytes;
        private readonly long _offset;
        private readonly TensorElementType _type;
        private readonly long[] _dims;

        internal Held(ActivationStore store, OrtValue? value, long bytes, long offset, TensorElementType type, long[] dims) =>
            (_store, _value, _bytes, _offset, _type, _dims) = (store, value, bytes, offset, type, dims);

        /// <summary>The value itself, which stays the store's, or a copy from the file.</summary>
        /// <param name="copies">Takes the copy, for the caller to dispose.</param>
        public OrtValue Load(ICollection<OrtValue> copies)
        {
            if (_value is not null)
            {
                return _value;
            }

            var copy = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, _type, _dims);
            copies.Add(copy);
            var data = copy.GetTensorMutableRawData();
            for (var read = 0; read < data.Length;)
            {
                var more = RandomAccess.Read(_store._file!, data[read..], _offset + read);
                read += more > 0 ? more : throw new IOException("a temporary file has become shorter");
            }

            return copy;
        }

        public void Dispose()
        {
            if (_value is not null)
            {
                _store._inMemory -= _bytes;
                _value.Dispose();
                return;
            }

            if (!_store._free.TryGetValue(_bytes, out var places))
            {
                _store._free.Add(_bytes, places = new Stack<long>());
            }

            places.Push(_offset);
        }
    }
}
