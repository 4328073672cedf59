namespace ModelMaker.Building;

/// <summary>Names as PyTorch's exporter gives them.</summary>
public sealed class ModuleNames
{
    private readonly Dictionary<string, int> uses = [];

    /// <summary>
    /// The name of the next <paramref name="op"/> node of a module: 'layer1.0.conv1' and 'Conv' give
    /// '/layer1/layer1.0/conv1/Conv', and a second one there '/layer1/layer1.0/conv1/Conv_1'.
    /// </summary>
    public string Node(string module, string op)
    {
        var name = $"{Scope(module)}/{op}";
        var earlier = uses.GetValueOrDefault(name);
        uses[name] = earlier + 1;
        return earlier == 0 ? name : $"{name}_{earlier}";
    }

    // A number is a child of a Sequential, which the exporter shows together with its parent: features.1.0 is
    // /features/features.1/features.1.0.
    private static string Scope(string module)
    {
        if (module.Length == 0)
            return "";
        List<string> scope = [];
        foreach (var part in module.Split('.'))
            scope.Add(char.IsAsciiDigit(part[0]) && scope.Count > 0 ? $"{scope[^1]}.{part}" : part);
        return "/" + string.Join('/', scope);
    }
}
