using System.CommandLine;
using System.Text.Json;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Configuration;

/// <summary>
/// Options from a JSON file: <c>{ "calib": "images", "train": { "epochs": 20 } }</c>. Keys are the names of options without their dashes,
/// for every command that has the option; an object by the name of a command holds what is meant for that command alone, and wins. What the
/// command line gives wins over both.
/// </summary>
internal sealed class ConfigFile : IDisposable
{
    /// <summary>The file that is read from the current folder where no other is named.</summary>
    public const string DefaultName = "onnxprune.json";

    /// <summary>The word that <c>--config</c> takes for no file at all.</summary>
    public const string None = "none";

    /// <summary>The key by which editors find the schema of a file.</summary>
    public const string SchemaKey = "$schema";

    private const long MostBytes = 1 << 20;

    private static readonly JsonDocumentOptions s_json =
        new() { AllowDuplicateProperties = false, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly string _path;
    private readonly bool _isNamed;
    private readonly JsonDocument _document;

    private ConfigFile(string path, bool isNamed, JsonDocument document) => (_path, _isNamed, _document) = (path, isNamed, document);

    /// <summary>The file whose options this run has; null without one. No output may replace it.</summary>
    public static string? InUse { get; private set; }

    /// <summary>The words of a command line behind those of its configuration file, if there is one.</summary>
    /// <param name="parsed">The command line by itself, which is understood.</param>
    /// <exception cref="UsageException">The file is no configuration, or holds what is no option.</exception>
    public static string[] Complete(ParseResult parsed, string[] args)
    {
        using var config = Find(parsed);
        if (config is null)
        {
            return args;
        }

        InUse = config._path;
        var words = config.Words(parsed).ToArray();
        config.Announce(parsed, words);
        return [.. words, .. args];
    }

    public void Dispose() => _document.Dispose();

    /// <summary>The options of a command that a file may hold.</summary>
    public static IEnumerable<Option> Configurable(Command command) =>
        command.Options.Where(o => o.Action is null && o != CommonOptions.Config);

    /// <summary>True if a command has options of its own.</summary>
    public static bool HasOptions(Command command) => Configurable(command).Except(CommonOptions.OfOutput).Any();

    /// <summary>The name of an option in a file.</summary>
    public static string Key(Option option) => option.Name.TrimStart('-');

    private static ConfigFile? Find(ParseResult parsed)
    {
        var given = parsed.GetValue(CommonOptions.Config);
        return given == None ? null
            : given is not null ? Read(given, isNamed: true)
            : HasOptions(parsed.CommandResult.Command) && InputFile.IsThere(DefaultName) ? Read(DefaultName, isNamed: false)
            : null;
    }

    private static ConfigFile Read(string path, bool isNamed)
    {
        var text = InputFile.ReadAllText(path, MostBytes);
        try
        {
            var document = JsonDocument.Parse(text, s_json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigFile(path, isNamed, document)
                : throw new UsageException(
                    $"'{path}' is no configuration: it must be a JSON object of options, such as {{ \"calib\": \"images\" "
                        + $"}}{WayOut(isNamed)}.");
        }
        catch (JsonException e)
        {
            throw new UsageException($"'{path}' is no configuration: {e.Message.TrimEnd('.')}{WayOut(isNamed)}.", e);
        }
    }

    private static string WayOut(bool isNamed) => isNamed ? "" : $"; --config {None} leaves it unread";

    private IEnumerable<string> Words(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        CheckKeys();
        foreach (var option in Configurable(command))
        {
            if (ValueOf(command.Name, Key(option)) is not var (key, value) || parsed.GetResult(option) is { Implicit: false })
            {
                continue;
            }

            if (option == CommonOptions.MetricCommand && !_isNamed)
            {
                throw new UsageException(
                    $"'{_path}' was found and not named, so it may not start a program: give --metric-cmd itself, or --config {_path}.");
            }

            foreach (var text in Texts(option, key, value))
            {
                yield return $"{option.Name}={text}";
            }
        }
    }

    private void CheckKeys()
    {
        var commands = CommandLine.Names.Select(n => CommandLine.Find([n]).Command).ToArray();
        var shared = commands.SelectMany(Configurable).Select(Key).ToHashSet();
        foreach (var property in _document.RootElement.EnumerateObject())
        {
            if (Array.Find(commands, c => c.Name == property.Name) is { } section && property.Value.ValueKind == JsonValueKind.Object)
            {
                CheckSection(section, property.Value);
            }
            else if (property.Name != SchemaKey && !shared.Contains(property.Name))
            {
                throw Unknown(property.Name, shared.Concat(CommandLine.Names), "");
            }
        }
    }

    private void CheckSection(Command command, JsonElement section)
    {
        var own = Configurable(command).Select(Key).ToHashSet();
        foreach (var property in section.EnumerateObject().Where(p => !own.Contains(p.Name)))
        {
            throw Unknown(property.Name, own, $" of '{command.Name}'");
        }
    }

    private UsageException Unknown(string key, IEnumerable<string> known, string of)
    {
        // People write options as they type them.
        var near = Nearest.Question(key.TrimStart('-').Replace('_', '-'), known);
        return new UsageException($"'{_path}': '{key}' is no option{of}{(near.Length > 0 ? near : WayOut(_isNamed) + ".")}");
    }

    private (string Key, JsonElement Value)? ValueOf(string command, string key) =>
        _document.RootElement.TryGetProperty(command, out var section)
            && section.ValueKind == JsonValueKind.Object
            && section.TryGetProperty(key, out var own)
            ? ($"{command}.{key}", own)
        : _document.RootElement.TryGetProperty(key, out var shared) ? (key, shared)
        : null;

    private IEnumerable<string> Texts(Option option, string key, JsonElement value)
    {
        if (option.ValueType == typeof(bool))
        {
            return [value.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? (value.GetBoolean() ? "true" : "false")
                : throw Wrong(key, value, "true or false")];
        }

        if (option.ValueType.IsArray && value.ValueKind == JsonValueKind.Array)
        {
            return value.EnumerateArray().Select(v => Text(option, key, v)).ToArray();
        }

        return [Text(option, key, value)];
    }

    private string Text(Option option, string key, JsonElement value)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => throw Wrong(key, value, option.ValueType.IsArray ? "a text, a number or a list of them" : "a text or a number"),
        };
        return text.Length == 0
            ? throw Wrong(key, value, "a text that is not empty")
            : IsPath(option) && text != Reports.ReportFile.Stdout
            ? Relative(text)
            : text;
    }

    /// <summary>The help says which values are paths.</summary>
    private static bool IsPath(Option option) => option.HelpName is "FILE" or "PATH";

    /// <summary>Relative to the file's own folder, so that it can be used from anywhere.</summary>
    private string Relative(string path) => Path.Combine(Path.GetDirectoryName(_path) ?? "", path);

    private UsageException Wrong(string key, JsonElement value, string expected) =>
        new($"'{_path}': '{key}' is {value.GetRawText()}, where {expected} is expected.");

    private void Announce(ParseResult parsed, string[] words)
    {
        if (!_isNamed && words.Length > 0)
        {
            parsed.Terminal().Note($"options from '{_path}' of this folder: {string.Join(' ', words)} (--config {None} leaves it unread).");
        }
    }
}
