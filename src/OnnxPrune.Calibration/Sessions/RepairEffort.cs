namespace OnnxPrune.Calibration.Sessions;

/// <summary>The effort to make up for what leaves.</summary>
public enum RepairEffort
{
    None,

    /// <summary>Layer by layer.</summary>
    Layers,

    /// <summary>Layer by layer, then the layers of some blocks together, where libtorch is there.</summary>
    Auto,

    /// <summary>As <see cref="Auto"/>, then all layers of the pruned network together, to give the original's answers.</summary>
    Distill,

    /// <summary>As <see cref="Auto"/>, with blocks going through the inputs four times as often.</summary>
    Thorough,
}
