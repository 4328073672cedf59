using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using OnnxPrune.Decoding;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>A running <c>OnnxPrune.Decoding</c>, which decodes one image after the other: see <see cref="Answer"/>. For one thread at a time.</summary>
internal sealed class DecoderProcess : IDisposable
{
    private const int GraceMilliseconds = 500;

    // Both directions carry whole images.
    private const int BufferBytes = 1 << 16;

    private readonly Process _process;
    private readonly BinaryWriter _images;
    private readonly BinaryReader _answers;
    private readonly Timer _clock;
    private volatile string? _lastWords;
    private volatile bool _isLate;
    private bool _hasStarted;

    private DecoderProcess()
    {
        _process = Launch();
        _process.ErrorDataReceived += (_, line) => _lastWords = string.IsNullOrWhiteSpace(line.Data) ? _lastWords : line.Data.Trim();
        _process.BeginErrorReadLine();
        _images = new BinaryWriter(new BufferedStream(_process.StandardInput.BaseStream, BufferBytes));
        _answers = new BinaryReader(new BufferedStream(_process.StandardOutput.BaseStream, BufferBytes));
        _clock = new Timer(_ => EndLate());
    }

    public int Id => _process.Id;

    /// <summary>Starts one and waits until images can be sent.</summary>
    /// <param name="limit">How long that may take.</param>
    /// <exception cref="UsageException">It cannot be started, or ONNX Runtime Extensions are not installed.</exception>
    /// <exception cref="DecoderEndedException">It has ended, or was ended because it took too long.</exception>
    public static DecoderProcess Start(TimeSpan limit)
    {
        var started = new DecoderProcess();
        try
        {
            started.Greet(limit);
            return started;
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    /// <summary>The pixels of one file, uint8 [height, width, channels]: red, green, blue, or grey alone.</summary>
    /// <param name="pixels">How many the file claims.</param>
    /// <param name="limit">How long that may take.</param>
    /// <exception cref="InvalidDataException">They cannot be decoded; the message is the decoder's.</exception>
    /// <exception cref="DecoderEndedException">The process has ended, or was ended because it took too long.</exception>
    public Tensor Decode(byte[] file, long pixels, TimeSpan limit) => InTime(limit, () =>
    {
        _images.Write(file.Length);
        _images.Write(file);
        _images.Flush();
        return (Answer)_answers.ReadByte() == Answer.Pixels ? ReadPixels(pixels) : throw new InvalidDataException(_answers.ReadString());
    });

    private void Greet(TimeSpan limit)
    {
        if (InTime(limit, () => (Answer)_answers.ReadByte()) != Answer.Ready)
        {
            throw new UsageException(
                "PNG and JPEG images are decoded by ONNX Runtime Extensions, which are not installed; install them beside onnxprune, or give CIFAR-10 binary batches, .npz or .npy.");
        }

        _hasStarted = true;
    }

    private Tensor ReadPixels(long claimed)
    {
        var (height, width, channels) = (_answers.ReadInt32(), _answers.ReadInt32(), _answers.ReadInt32());
        if (height <= 0 || width <= 0 || (long)height * width != claimed || channels is not (1 or 3))
        {
            throw new IOException($"The decoder says {width}x{height}x{channels} of {claimed} pixels.");
        }

        var data = new byte[checked(channels * claimed)];
        _answers.ReadExactly(data);
        return new Tensor(ElementType.UInt8, [height, width, channels], data);
    }

    private T InTime<T>(TimeSpan limit, Func<T> exchange)
    {
        _clock.Change(limit, Timeout.InfiniteTimeSpan);
        try
        {
            return exchange();
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            _process.Kill();
            _process.WaitForExit();
            throw new DecoderEndedException(HowItEnded(limit), _hasStarted, e);
        }
        finally
        {
            _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void EndLate()
    {
        _isLate = true;
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has been disposed of in the same moment.
        }
    }

    private string HowItEnded(TimeSpan limit) => _isLate
        ? string.Create(CultureInfo.InvariantCulture, $"not done in {limit.TotalSeconds:0.#} s")
        : _lastWords ?? $"the decoder ended with exit code {_process.ExitCode}";

    private static Process Launch()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/: the runtime that we run on runs the decoder as well.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var program = typeof(Answer).Assembly.Location;
        var start = new ProcessStartInfo(dotnet)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // A process that is killed would leave what it shares with debuggers in the temporary folder.
            Environment = { ["DOTNET_EnableDiagnostics"] = "0" },
            ArgumentList = { "exec", "--runtimeconfig", Path.ChangeExtension(program, ".runtimeconfig.json") },
        };

        // Where we find the native libraries, it does.
        if (AppContext.GetData("APP_CONTEXT_DEPS_FILES") is string files)
        {
            start.ArgumentList.Add("--depsfile");
            start.ArgumentList.Add(files.Split(Path.PathSeparator, ';')[0]);
        }

        start.ArgumentList.Add(program);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"Images are decoded by a process of its own, which does not start: '{dotnet}': {e.Message}", e);
        }
    }

    /// <summary>Ends the process; at once where it does not end by itself.</summary>
    public void Dispose()
    {
        _clock.Dispose();
        try
        {
            _images.Dispose();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        if (!_process.WaitForExit(GraceMilliseconds))
        {
            _process.Kill();
        }

        _answers.Dispose();
        _process.Dispose();
    }
}
