using System.CommandLine;

namespace OnnxPrune.Cli.Commands;

/// <summary>Options that belong together, under a heading of the help.</summary>
internal sealed record OptionGroup(string Title, params IReadOnlyList<Option> Options);
