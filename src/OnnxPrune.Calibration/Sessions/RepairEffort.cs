namespace OnnxPrune.Calibration.Sessions;

/// <summary>How much is done to make up for what leaves; each includes those before it.</summary>
public enum RepairEffort
{
    None,

    /// <summary>Layer by layer.</summary>
    Layers,

    /// <summary>Then the layers of some blocks together, where libtorch is there.</summary>
    Auto,

    /// <summary>The same, going through the inputs three times as often.</summary>
    Thorough,
}
