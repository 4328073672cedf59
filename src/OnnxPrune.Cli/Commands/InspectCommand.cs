using System.CommandLine;
using OnnxPrune.Cli.Inspecting;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune inspect in.onnx</c>: what a model consists of and what can be cut of it.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the model to look at");
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var report = CommonOptions.Text("--report", "FILE", "draw what cuts would do as a page, .html; wants --calib");
        var measure = new MeasureArguments(
            "unlabelled inputs of the network, some hundred: measures what cutting each group of channels to 75, 50 and 25 % would do");
        var command = new Command("inspect", "Shows blocks, coupled channels, costs, and what is blocked and why.");
        command.Arguments.Add(input);
        CommandLine.Complete(
            command, "  onnxprune inspect <in.onnx> [options]", [new OptionGroup("Options", json, report), measure.Calibration]);
        command.SetAction(parsed => new Inspection(parsed.GetRequiredValue(input), measure.Read(parsed), parsed.Terminal())
            .Execute(parsed.GetValue(json), parsed.GetValue(report)));
        return command;
    }
}
