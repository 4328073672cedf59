namespace OnnxPrune.Cli.Reports;

/// <summary>The document that <c>inspect --json</c> prints.</summary>
internal sealed record InspectDocument(
    string File,
    long FileBytes,
    long Opset,
    int Nodes,
    long Macs,
    long Params,
    long Channels,
    InspectSmallest Smallest,
    InspectCuttable Cuttable,
    IReadOnlyList<InspectValue> Inputs,
    IReadOnlyList<InspectValue> Outputs,
    IReadOnlyList<InspectBlock> Blocks,
    IReadOnlyList<InspectGroup> Groups,
    IReadOnlyList<InspectLayer> Layers,
    IReadOnlyList<InspectBlocked> Blocked,
    IReadOnlyList<InspectUnknown> UnknownOperators,
    IReadOnlyList<ReportUncounted> Uncounted,
    bool CarriesMasks)
{
    public int SchemaVersion { get; init; } = 1;

    /// <summary>
    /// The damage of cutting each group to 75, 50 and 25 % of its channels, and of removing each block; null without calibration inputs.
    /// </summary>
    public InspectSensitivity? Sensitivity { get; init; }
}

/// <summary>With everything gone that may go, blocks included.</summary>
internal sealed record InspectSmallest(long Macs, long Params, double MacsShare, double ParamsShare);

/// <summary>The shares that depend on channels which can leave, and of the layers' channels that can.</summary>
internal sealed record InspectCuttable(double MacsShare, double ParamsShare, double ChannelsShare);

/// <param name="MacsShare">Of all MACs, those of the layers that make these channels, by the part of their channels that these are.</param>
/// <param name="ParamsShare">The same of the parameters.</param>
internal sealed record InspectBlocked(string Reason, int Channels, IReadOnlyList<string> Layers, double MacsShare, double ParamsShare)
    : ReportBlocked(Reason, Channels, Layers);

/// <param name="Shape">Numbers, symbols, or ? for dimensions that nothing is known of; null when the rank is unknown.</param>
internal sealed record InspectValue(string Name, string Type, IReadOnlyList<string>? Shape);

/// <param name="Shortcut">identity, projection or padded.</param>
/// <param name="Macs">What goes with the block.</param>
/// <param name="Obstacle">Why it cannot be removed; null when it can.</param>
internal sealed record InspectBlock(string Name, string Shortcut, int Nodes, long Macs, long Params, string? Obstacle);

/// <summary>Channels that can only be cut together, layer by layer.</summary>
/// <param name="Macs">What depends on them.</param>
/// <param name="Producers">The layers that make them.</param>
/// <param name="Readers">The layers that sum over them.</param>
internal sealed record InspectGroup(
    string Name, int Channels, long Macs, long Params, IReadOnlyList<string> Producers, IReadOnlyList<string> Readers);

internal sealed record InspectLayer(string Name, string Operator, IReadOnlyList<long> Weight, long Macs, long Params);

/// <summary>An operator without a rule: its channels stay.</summary>
internal sealed record InspectUnknown(string Operator, int Nodes, string Reason);

/// <summary>The damage that cutting one place by itself does to the outputs, measured after repair.</summary>
internal sealed record InspectSensitivity(IReadOnlyList<InspectGroupDamage> Groups, IReadOnlyList<InspectBlockDamage> Blocks);

/// <param name="Options">By the channels that are kept, falling.</param>
internal sealed record InspectGroupDamage(string Name, int Channels, IReadOnlyList<ReportCutDamage> Options);

internal sealed record InspectBlockDamage(string Name, double Damage);
