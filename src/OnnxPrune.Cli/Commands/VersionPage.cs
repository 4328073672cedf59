using System.CommandLine;
using System.CommandLine.Invocation;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Torch;

namespace OnnxPrune.Cli.Commands;

/// <summary>The version, with the commit; and with <c>-v</c> those of the libraries that this machine has for us.</summary>
internal sealed class VersionPage : SynchronousCommandLineAction
{
    /// <summary>Such as "1.2.3+6a4d5f2...", the commit behind the plus sign.</summary>
    private static string Version =>
        typeof(VersionPage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    // It works whatever else is missing.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(Version);
        if (parseResult.GetValue(CommonOptions.Verbose))
        {
            output.WriteLine(
                $".NET {Environment.Version}, {(RuntimeFeature.IsDynamicCodeSupported ? "compiled as it runs" : "native")}, "
                    + $"vectors of {Vector<byte>.Count * 8} bits");
            output.WriteLine($"ONNX Runtime {RuntimeEnvironment.Version}");
            output.WriteLine(TorchLibrary.Describe());
            output.WriteLine(Providers.DescribeCuda());
        }

        return ExitCode.Done;
    }
}
