using System.CommandLine;
using OnnxPrune.Cli.Training;
using OnnxPrune.Training.Methods;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune finetune in.onnx out.onnx</c>: trains the weights and leaves the structure alone.</summary>
internal static class FinetuneCommand
{
    private const string Usage = "  onnxprune finetune <in.onnx> <out.onnx> --data PATH [options]";

    private const string After = """

        Ctrl-C finishes the step and saves; the same command goes on.

        """ + CommandLine.ExitCodes + TrainCommand.Signals;

    public static Command Create()
    {
        var input = CommonOptions.Model("in.onnx", "the classifier to train, pruned or not");
        var output = CommonOptions.Model("out.onnx", "where the trained model goes; may be in.onnx");
        var arguments = new TrainingArguments(isTraining: false);
        var command = new Command("finetune", "Trains the weights of a classifier on labelled data, and learns from a teacher.");
        command.Arguments.Add(input);
        command.Arguments.Add(output);
        CommandLine.Complete(command, Usage, [arguments.All], After);
        command.SetAction(parsed =>
        {
            var options = arguments.Read(parsed, TrainingPresets.Finetune);
            options = options with
            {
                Input = parsed.GetRequiredValue(input),
                Output = parsed.GetRequiredValue(output),
                Training = options.Training with { Method = TrainingMethod.Finetune },
            };
            return new TrainRun(options, parsed.Terminal()).Execute();
        });
        return command;
    }
}
