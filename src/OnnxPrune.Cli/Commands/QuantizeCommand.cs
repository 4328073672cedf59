using System.CommandLine;
using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Cli.Quantizing;
using OnnxPrune.Cli.Reports;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune quantize in.onnx out.onnx</c>: a model that computes with 8-bit integers, measured before it is written.</summary>
internal static class QuantizeCommand
{
    private const string Usage = "  onnxprune quantize <in.onnx> <out.onnx> --calib <PATH> [options]";

    private const string After = """

        Layers become QuantizeLinear and DequantizeLinear around their operators, which
        ONNX Runtime and TensorRT fuse. Both models are raced, and nothing is written
        where the integers are not faster.

        Example:
          onnxprune quantize in.onnx out.onnx --calib images --normalize imagenet

        """ + CommandLine.ExitCodes;

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the model to quantize");
        var output = CommonOptions.Model("out.onnx", "where the quantized model goes; may be in.onnx");
        var maxDrift = CommonOptions.Text("--max-drift", "X", "keep layers in float until the relative output error is within X");
        var maxDrop =
            CommonOptions.Text("--max-drop", "POINTS", "the same for the percentage points of top-1 accuracy that are lost on --data");
        var target =
            CommonOptions.Named(
                "--for",
                "RUNTIME",
                "what the integers are for: auto (the default: this machine's CPU), cpu (VNNI or ARM), cpu-avx2 (7-bit weights, which no "
                    + "older CPU saturates), tensorrt, openvino or xnnpack",
                [.. DeploymentTarget.IntegerNames]);
        var keepSlower = new Option<bool>("--keep-slower") { Description = "write the model although it is not faster here" };
        var report = CommonOptions.Text(
            "--report",
            "FILE",
            "write the figures, also of a run that is refused: .json for machines, .html for people, - for JSON on stdout in place of the "
                + "table");
        var measure = new MeasureArguments(
            "unlabelled inputs of the network, some hundred: the ranges of the integers come from them, and the drift is measured on them");
        var command = new Command(
            "quantize",
            "Makes a model compute with 8-bit integers: a quarter of the size, and two to three times as fast where the CPU multiplies "
                + "bytes.");
        command.Arguments.Add(input);
        command.Arguments.Add(output);
        CommandLine.Complete(command, Usage, [new OptionGroup("How", target, keepSlower), new OptionGroup(
            "Limits", maxDrift, maxDrop), measure.Data, measure.Runs, new OptionGroup("Files", report)], After);
        command.SetAction(parsed => new QuantizeRun(
            new QuantizeOptions
            {
                Input = parsed.GetRequiredValue(input),
                Output = parsed.GetRequiredValue(output),
                MaxDrift = CommonOptions.Positive("--max-drift", parsed.GetValue(maxDrift)),
                MaxDrop = CommonOptions.Positive("--max-drop", parsed.GetValue(maxDrop)),
                For = DeploymentTarget.Named(CommonOptions.Choice(
                    "--for", parsed.GetValue(target) ?? DeploymentTarget.Here.Name, [.. DeploymentTarget.IntegerNames])),
                KeepSlower = parsed.GetValue(keepSlower),
                Report = parsed.GetValue(report),
                Measure = measure.Read(parsed) with { IsDetailed = ReportFormats.HasDetails(parsed.GetValue(report)) },
            },
            parsed.Terminal(parsed.GetValue(report))).Execute());
        return command;
    }
}
