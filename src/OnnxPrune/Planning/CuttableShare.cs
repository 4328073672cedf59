namespace OnnxPrune.Planning;

/// <summary>
/// The cuttable part of a network: the shares of its MACs and parameters that depend on channels which can leave, and of its layers' output
/// channels that can. The rest would still be there with all of those gone. 0 to 1, and 0 of nothing.
/// </summary>
internal readonly record struct CuttableShare(double Macs, double Parameters, double Channels)
{
    public static CuttableShare Of(CostModel model)
    {
        var (whole, rest) = (model.Evaluate(model.Whole), model.Evaluate(new int[model.Whole.Count]));
        return new CuttableShare(
            1 - Share(rest.Macs, whole.Macs), 1 - Share(rest.Parameters, whole.Parameters), 1 - Share(rest.Channels, whole.Channels));
    }

    private static double Share(long part, long whole) => whole == 0 ? 1 : (double)part / whole;
}
