using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>The damage that each possible cut by itself does to the outputs, measured after repair.</summary>
/// <param name="Groups">Of channels.</param>
/// <param name="Blocks">Of whole blocks.</param>
internal sealed record CutSensitivity(IReadOnlyList<GroupDamage> Groups, IReadOnlyList<BlockDamage> Blocks);
