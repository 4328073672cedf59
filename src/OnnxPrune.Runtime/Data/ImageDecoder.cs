using System.ComponentModel;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sandbox;
using OnnxPrune.Sandbox;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// Decodes PNG and JPEG in a process of its own, because the libraries that do it may end the process that they run in. It is started when it
/// is needed, and anew when it has ended. Safe for several threads, which wait for each other.
/// </summary>
internal sealed class ImageDecoder(TimeSpan limit) : IDisposable
{
    // 67 million pixels are 200 MB once they are decoded.
    private const long MostPixels = 1L << 26;

    // As many as those pixels take without any packing, and room for what cameras add.
    private const long MostBytes = 4 * MostPixels;

    private const double SecondsPerPixel = 1e-6;

    private readonly Lock _gate = new();
    private SandboxProcess? _process;

    /// <summary>The program's one decoder. Its process ends with ours.</summary>
    public static ImageDecoder Shared { get; } = new(TimeSpan.FromSeconds(10));

    /// <summary>The process that decodes; null while there is none.</summary>
    internal int? ProcessId => _process?.Id;

    /// <summary>The pixels of one file, uint8 [height, width, channels]: red, green, blue, or grey alone.</summary>
    /// <exception cref="UsageException">
    /// The file is no image that can be decoded, or claims to be larger than any that is; or images cannot be decoded on this machine.
    /// </exception>
    public Tensor Decode(string path)
    {
        var file = InputFile.ReadAllBytes(path, MostBytes);
        if (ImageHeader.Of(file) is not { } header)
        {
            throw Damaged(path, "its beginning is not that of one");
        }

        if (header.Pixels > MostPixels)
        {
            throw new UsageException($"'{path}' claims {header.Pixels} pixels in {file.Length} bytes, and is refused: images of up to {MostPixels} pixels are decoded.");
        }

        if (header.Obstacle is { } obstacle)
        {
            throw new UsageException($"'{path}' {obstacle}.");
        }

        lock (_gate)
        {
            try
            {
                return Decode(file, header.Pixels);
            }
            catch (InvalidDataException e)
            {
                throw Damaged(path, e.Message, e);
            }
            catch (SandboxEndedException e)
            {
                throw e.HasStarted ? Damaged(path, e.Message, e) : new UsageException($"The process that decodes images does not start: {e.Message}.", e);
            }
        }
    }

    private Tensor Decode(byte[] file, long pixels)
    {
        try
        {
            return DecodeOnce(file, pixels);
        }
        catch (SandboxEndedException)
        {
            // What ended the process, or held it up, may have been something else than this image.
            return DecodeOnce(file, pixels);
        }
    }

    private Tensor DecodeOnce(byte[] file, long pixels)
    {
        try
        {
            return (_process ??= Start()).Ask(default, file, (answer, rest) => Read(answer, rest, pixels), limit + TimeSpan.FromSeconds(pixels * SecondsPerPixel));
        }
        catch (SandboxEndedException)
        {
            End();
            throw;
        }
    }

    private SandboxProcess Start()
    {
        try
        {
            return SandboxProcess.Start(SandboxTask.Decode, limit) ?? throw new UsageException(
                "PNG and JPEG images are decoded by ONNX Runtime Extensions, which are not installed; install them beside onnxprune, or give CIFAR-10 binary batches, .npz or .npy.");
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"Images are decoded by a process of its own, which does not start: {e.Message}", e);
        }
    }

    private static Tensor Read(Answer answer, BinaryReader rest, long claimed)
    {
        if (answer != Answer.Pixels)
        {
            throw new InvalidDataException(rest.ReadString());
        }

        var (height, width, channels) = (rest.ReadInt32(), rest.ReadInt32(), rest.ReadInt32());
        if (height <= 0 || width <= 0 || (long)height * width != claimed || channels is not (1 or 3))
        {
            throw new IOException($"The decoder says {width}x{height}x{channels} of {claimed} pixels.");
        }

        var data = new byte[checked(channels * claimed)];
        rest.ReadExactly(data);
        return new Tensor(ElementType.UInt8, [height, width, channels], data);
    }

    private static UsageException Damaged(string path, string reason, Exception? inner = null) =>
        new($"'{path}' is no PNG or JPEG image, or a damaged one ({reason.TrimEnd('.')}).", inner);

    private void End()
    {
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            End();
        }
    }
}
