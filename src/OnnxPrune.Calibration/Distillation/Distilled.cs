namespace OnnxPrune.Calibration.Distillation;

/// <summary>The result of a distillation.</summary>
/// <param name="Epochs">How often the inputs were gone through; 0 where nothing was changed.</param>
/// <param name="WhyUnchanged">As a clause; null where weights were changed.</param>
internal sealed record Distilled(int Epochs, string? WhyUnchanged)
{
    public static Distilled Nothing(string why) => new(0, why);
}
