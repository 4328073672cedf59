using System.CommandLine;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Verifying;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune verify a.onnx b.onnx</c>: two models side by side, and whether one may take the other's place.</summary>
internal static class VerifyCommand
{
    private const string Usage = "  onnxprune verify <a.onnx> <b.onnx> [options]";

    private const string After = """

        Without limits it fails where the models' inputs or outputs differ, or where
        the answers of one say nothing about those of the other.

        Example, as a gate in a pipeline:
          onnxprune verify a.onnx b.onnx --data test --max-drop 1 --min-speedup 1.8

        """ + CommandLine.ExitCodes;

    public static Command Create()
    {
        var original = CommonOptions.Model("a.onnx", "the original");
        var other = CommonOptions.Model("b.onnx", "the model to compare with it");
        var maxDrift = CommonOptions.Text("--max-drift", "X", "fail when the relative output error exceeds X");
        var maxDrop = CommonOptions.Text("--max-drop", "POINTS", "fail when more percentage points of top-1 accuracy are lost on --data");
        var minSpeedup = CommonOptions.Text("--min-speedup", "X", "fail when b.onnx is not X times as fast as a.onnx");
        var report = CommonOptions.Text(
            "--report",
            "FILE",
            "write the figures, also where a limit is missed: .json for machines, .html for people, - for JSON on stdout in place of the "
                + "table");
        var measure = new MeasureArguments("unlabelled inputs to measure the drift on, instead of synthetic ones");
        var command =
            new Command("verify", "Compares outputs, accuracy and latency of two models, and fails (exit code 1) where a limit is missed.");
        command.Arguments.Add(original);
        command.Arguments.Add(other);
        CommandLine.Complete(command, Usage, [new OptionGroup(
            "Limits", maxDrift, maxDrop, minSpeedup), measure.Data, measure.Runs, new OptionGroup("Files", report)], After);
        command.SetAction(parsed => new VerifyRun(
            new VerifyOptions
            {
                Original = parsed.GetRequiredValue(original),
                Other = parsed.GetRequiredValue(other),
                MaxDrift = CommonOptions.Positive("--max-drift", parsed.GetValue(maxDrift)),
                MaxDrop = CommonOptions.Positive("--max-drop", parsed.GetValue(maxDrop)),
                MinSpeedup = CommonOptions.Positive("--min-speedup", parsed.GetValue(minSpeedup)),
                Report = parsed.GetValue(report),
                Measure = measure.Read(parsed) with { IsDetailed = ReportFormats.HasDetails(parsed.GetValue(report)) },
            },
            parsed.Terminal(parsed.GetValue(report))).Execute());
        return command;
    }
}
