using System.CommandLine;
using OnnxPrune.Cli.Configuration;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune schema</c>: the JSON schema of configuration files, for editors and pipelines.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var command = new Command("schema", "Prints the JSON schema of files for --config.");
        CommandLine.Complete(command, "  onnxprune schema > onnxprune.schema.json", []);
        command.SetAction(_ =>
        {
            Console.Out.Write(ConfigSchema.Write());
            return ExitCode.Done;
        });
        return command;
    }
}
