using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>A model without the weights that vanish in single precision; see <see cref="SubnormalWeights"/>.</summary>
/// <param name="Model">Shares all other weights with the model that it was made from.</param>
/// <param name="Vanishing">How many weights became zeros.</param>
internal sealed record ClearedModel(Model Model, long Vanishing)
{
    /// <summary>Null where no weight vanishes.</summary>
    public static ClearedModel? Of(Model model)
    {
        if (SubnormalWeights.Count(model) == 0)
        {
            return null;
        }

        var copy = model.Clone();
        return new ClearedModel(copy, SubnormalWeights.Clear(copy));
    }
}
