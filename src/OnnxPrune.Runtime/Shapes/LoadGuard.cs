using System.ComponentModel;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sandbox;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Sandbox;

namespace OnnxPrune.Runtime.Shapes;

/// <summary>
/// Loads models in a process of its own before ours does, because ONNX Runtime ends its process at some damaged ones. Asked of models alone that have what it was seen to end at, so that
/// others do not pay for it. Safe for several threads, which wait for each other.
/// </summary>
internal sealed class LoadGuard
{
    // Skeletons of the largest models load in a second; the process gives up by itself after two minutes.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private SandboxProcess? _process;
    private bool _isMissing;

    /// <summary>The program's one guard. Its process ends with ours.</summary>
    public static LoadGuard Shared { get; } = new();

    /// <summary>Whether the graph has what ONNX Runtime is known to end at: a Slice (of what a window larger than its input makes), or weights that the network computes (to be empty).</summary>
    public static bool IsNeededFor(Graph graph) => graph.Nodes.Any(n => n.Domain.Length == 0 && n.OpType switch
    {
        "Slice" => true,
        "Conv" or "ConvTranspose" => n.Input(1)?.Producer is { OpType: not "Constant" },
        _ => false,
    });

    /// <summary>Returns when ONNX Runtime loads or refuses the model; which of both is not said.</summary>
    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="name">How messages call it.</param>
    /// <exception cref="UnsupportedModelException">It ends the process, or never comes back.</exception>
    public void Check(byte[] model, Optimization optimization, string name)
    {
        lock (_gate)
        {
            try
            {
                Ask(model, optimization);
            }
            catch (SandboxEndedException)
            {
                // Something else than the model may have ended the process.
                AskAgain(model, optimization, name);
            }
        }
    }

    private void AskAgain(byte[] model, Optimization optimization, string name)
    {
        try
        {
            Ask(model, optimization);
        }
        catch (SandboxEndedException e) when (e.HasStarted)
        {
            throw new UnsupportedModelException($"{name}: ONNX Runtime does not survive loading it ({e.Message.TrimEnd('.')}).", e);
        }
        catch (SandboxEndedException)
        {
            // Where no process can be had, the model is loaded without.
            _isMissing = true;
        }
    }

    private void Ask(byte[] model, Optimization optimization)
    {
        try
        {
            _process ??= _isMissing ? null : SandboxProcess.Start(SandboxTask.Load, s_limit);
            _isMissing = _process is null;
            _process?.Ask(new[] { (byte)SessionSettings.LevelOf(optimization) }, model, Read, s_limit);
        }
        catch (Win32Exception)
        {
            _isMissing = true;
        }
        catch (SandboxEndedException)
        {
            _process?.Dispose();
            _process = null;
            throw;
        }
    }

    private static Answer Read(Answer answer, BinaryReader rest)
    {
        if (answer == Answer.Refused)
        {
            // Ours will refuse it as well, and say it better.
            rest.ReadString();
        }

        return answer;
    }
}
