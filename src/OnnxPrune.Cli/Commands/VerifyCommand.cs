using System.CommandLine;
using OnnxPrune.Cli.Verifying;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune verify a.onnx b.onnx</c>: two models side by side.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var original = CommonOptions.Model("a.onnx", "the original");
        var other = CommonOptions.Model("b.onnx", "the model to compare with it");
        var maxDrift = CommonOptions.Text("--max-drift", "X", "fail (exit code 1) when the relative output error exceeds X");
        var report = CommonOptions.Text("--report", "FILE", "write the figures as JSON");
        var measure = new MeasureArguments();
        var command = new Command("verify", "Compares outputs, accuracy and latency of two models.");
        command.Arguments.Add(original);
        command.Arguments.Add(other);
        command.Options.Add(maxDrift);
        measure.AddTo(command);
        command.Options.Add(report);
        CommandLine.Complete(command, "  onnxprune verify <a.onnx> <b.onnx> [options]");
        command.SetAction(parsed => new VerifyRun(
            parsed.GetRequiredValue(original),
            parsed.GetRequiredValue(other),
            CommonOptions.Positive("--max-drift", parsed.GetValue(maxDrift)),
            parsed.GetValue(report),
            measure.Read(parsed),
            parsed.Terminal()).Execute());
        return command;
    }
}
