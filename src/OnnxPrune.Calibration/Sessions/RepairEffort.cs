namespace OnnxPrune.Calibration.Sessions;

/// <summary>The effort to make up for what leaves; each includes those before it.</summary>
public enum RepairEffort
{
    None,

    /// <summary>Layer by layer.</summary>
    Layers,

    /// <summary>Then the layers of some blocks together, where libtorch is there.</summary>
    Auto,

    /// <summary>Then all layers of the pruned network together, to give the original's answers.</summary>
    Distill,

    /// <summary>The same, with blocks going through the inputs four times as often.</summary>
    Thorough,
}
