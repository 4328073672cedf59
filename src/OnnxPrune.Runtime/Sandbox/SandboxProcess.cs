using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using OnnxPrune.Runtime.Natives;
using OnnxPrune.Sandbox;

namespace OnnxPrune.Runtime.Sandbox;

/// <summary>
/// A running <c>OnnxPrune.Sandbox</c>, which answers one request after the other: see <see cref="Answer"/>. What native libraries do to
/// their process there leaves ours alone. For one thread at a time.
/// </summary>
internal sealed class SandboxProcess : IDisposable
{
    private const int GraceMilliseconds = 500;

    // What is written meanwhile is some hundred megabytes.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    // Requests carry whole models.
    private const int BufferBytes = 1 << 16;

    private readonly Process _process;
    private readonly BinaryWriter _requests;
    private readonly BinaryReader _answers;
    private readonly Timer _clock;
    private volatile string? _lastWords;
    private volatile bool _isLate;
    private volatile bool _isTooLarge;
    private long _deadline;
    private long _mostBytes;
    private bool _hasStarted;

    private SandboxProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => _lastWords = string.IsNullOrWhiteSpace(line.Data) ? _lastWords : line.Data.Trim();
        _process.BeginErrorReadLine();
        _requests = new BinaryWriter(new BufferedStream(_process.StandardInput.BaseStream, BufferBytes));
        _answers = new BinaryReader(new BufferedStream(_process.StandardOutput.BaseStream, BufferBytes));
        _clock = new Timer(_ => Look());
    }

    public int Id => _process.Id;

    /// <summary>
    /// Starts one and waits until requests can be sent; null where a library that it needs is not installed, or there is no program to
    /// start.
    /// </summary>
    /// <param name="limit">How long that may take.</param>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    /// <exception cref="SandboxEndedException">It has ended, or was ended because it took too long.</exception>
    public static SandboxProcess? Start(SandboxTask task, TimeSpan limit)
    {
        if (Program() is not { } program)
        {
            return null;
        }

        program.ArgumentList.Add(task.ToString());
        program.Environment.TryAdd(RuntimeLibrary.SilencingVariable, "1");
        var started = new SandboxProcess(Process.Start(program)!);
        try
        {
            started._hasStarted = started.Within(limit, long.MaxValue, () => (Answer)started._answers.ReadByte()) == Answer.Ready;
            if (started._hasStarted)
            {
                return started;
            }
        }
        catch
        {
            started.Dispose();
            throw;
        }

        started.Dispose();
        return null;
    }

    /// <summary>Sends one request and reads the answer.</summary>
    /// <param name="read">Given the answer's first byte, reads the rest; an <see cref="IOException"/> of it ends the process.</param>
    /// <param name="limit">How long that may take.</param>
    /// <param name="mostBytes">How much memory the process may have meanwhile, as it is looked at twenty times a second.</param>
    /// <exception cref="SandboxEndedException">The process has ended, or was ended because it took too long or too much.</exception>
    public T Ask<T>(
        ReadOnlyMemory<byte> head,
        ReadOnlyMemory<byte> body,
        Func<Answer, BinaryReader, T> read,
        TimeSpan limit,
        long mostBytes = long.MaxValue) =>
        Within(limit, mostBytes, () =>
    {
        _requests.Write(head.Length + body.Length);
        _requests.Write(head.Span);
        _requests.Write(body.Span);
        _requests.Flush();
        return read((Answer)_answers.ReadByte(), _answers);
    });

    private T Within<T>(TimeSpan limit, long mostBytes, Func<T> exchange)
    {
        (_deadline, _mostBytes) = (Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency), mostBytes);
        _clock.Change(s_look, s_look);
        try
        {
            return exchange();
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            _process.Kill();
            _process.WaitForExit();
            throw new SandboxEndedException(HowItEnded(limit, mostBytes), _hasStarted, _isLate || _isTooLarge, e);
        }
        finally
        {
            _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        try
        {
            _process.Refresh();
            _isTooLarge |= !_isLate && _process.WorkingSet64 > _mostBytes;
            _isLate |= !_isTooLarge && Stopwatch.GetTimestamp() > _deadline;
            if (_isLate || _isTooLarge)
            {
                _process.Kill();
            }
        }
        catch (InvalidOperationException)
        {
            // It has ended or been disposed of in the same moment.
        }
    }

    private string HowItEnded(TimeSpan limit, long mostBytes) => _isLate
        ? string.Create(CultureInfo.InvariantCulture, $"not done in {limit.TotalSeconds:0.#} s; {Sessions.RunLimits.MoreTime}")
        : _isTooLarge
        ? string.Create(CultureInfo.InvariantCulture, $"it takes more than {mostBytes >> 20} MB of memory; {Sessions.RunLimits.MoreMemory}")
        : _lastWords ?? $"its process ended with exit code {_process.ExitCode}";

    /// <summary>
    /// The command that is started: the assembly of <c>OnnxPrune.Sandbox</c> on the runtime that we run on, or our own program where all is
    /// one file; null where neither can be.
    /// </summary>
    private static ProcessStartInfo? Program()
    {
        var start = Assembly.Length > 0
            ? Managed(Assembly)
            : SandboxProgram.IsServed
            ? new ProcessStartInfo(Environment.ProcessPath!, [SandboxProgram.Argument])
            : null;
        if (start is not null)
        {
            (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
            // A process that is killed would leave what it shares with debuggers in the temporary folder.
            start.Environment["DOTNET_EnableDiagnostics"] = "0";
        }

        return start;
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "That it is empty where all is one file is what is asked.")]
    private static string Assembly => typeof(Answer).Assembly.Location;

    /// <summary>With the settings and native libraries of the program that we are part of.</summary>
    private static ProcessStartInfo? Managed(string assembly)
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/: the runtime that we run on runs that program as well.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        const string DependenciesSuffix = ".deps.json";
        return AppContext.GetData("APP_CONTEXT_DEPS_FILES") is string files
            && files.Split(Path.PathSeparator, ';')[0] is var dependencies
            && dependencies.EndsWith(DependenciesSuffix, StringComparison.Ordinal)
            && dependencies[..^DependenciesSuffix.Length] + ".runtimeconfig.json" is var settings
            && File.Exists(settings)
                ? new ProcessStartInfo(dotnet, ["exec", "--runtimeconfig", settings, "--depsfile", dependencies, assembly])
                : null;
    }

    /// <summary>Ends the process; at once where it does not end by itself.</summary>
    public void Dispose()
    {
        _clock.Dispose();
        try
        {
            _requests.Dispose();
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
