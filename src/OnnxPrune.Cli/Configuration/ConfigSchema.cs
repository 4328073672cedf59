using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxPrune.Cli.Commands;

namespace OnnxPrune.Cli.Configuration;

/// <summary>The JSON schema of <see cref="ConfigFile"/>, written from the options of the commands.</summary>
internal static class ConfigSchema
{
    private static readonly JsonWriterOptions s_json =
        new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write()
    {
        var commands = CommandLine.Names.Select(n => CommandLine.Find([n]).Command).Where(ConfigFile.HasOptions).ToArray();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "Options of onnxprune");
            json.WriteString(
                "description",
                "Options by their names, for every command that has them. An object by the name of a command holds options of that command "
                    + "alone. Paths are relative to the file.");
            json.WriteString("type", "object");
            json.WriteStartObject("properties");
            json.WriteStartObject(ConfigFile.SchemaKey);
            json.WriteString("type", "string");
            json.WriteEndObject();
            WriteOptions(json, commands.SelectMany(ConfigFile.Configurable).DistinctBy(ConfigFile.Key));
            foreach (var command in commands)
            {
                WriteSection(json, command);
            }

            json.WriteEndObject();
            json.WriteBoolean("additionalProperties", false);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void WriteSection(Utf8JsonWriter json, Command command)
    {
        json.WriteStartObject(command.Name);
        json.WriteString("description", $"Options of 'onnxprune {command.Name}' alone.");
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        WriteOptions(json, ConfigFile.Configurable(command));
        json.WriteEndObject();
        json.WriteBoolean("additionalProperties", false);
        json.WriteEndObject();
    }

    private static void WriteOptions(Utf8JsonWriter json, IEnumerable<Option> options)
    {
        foreach (var option in options.OrderBy(ConfigFile.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(ConfigFile.Key(option));
            json.WriteString("description", option.Description);
            WriteType(json, option);
            json.WriteEndObject();
        }
    }

    private static void WriteType(Utf8JsonWriter json, Option option)
    {
        string[] types = option.ValueType == typeof(bool)
            ? ["boolean"]
            : option.ValueType.IsArray
            ? ["string", "number", "array"]
            : ["string", "number"];
        json.WriteStartArray("type");
        Array.ForEach(types, json.WriteStringValue);
        json.WriteEndArray();
        if (option.ValueType.IsArray)
        {
            json.WriteStartObject("items");
            json.WriteStartArray("type");
            json.WriteStringValue("string");
            json.WriteStringValue("number");
            json.WriteEndArray();
            json.WriteEndObject();
        }
        else if (option.ValueType != typeof(bool))
        {
            json.WriteNumber("minLength", 1);
        }
    }
}
