namespace OnnxPrune.Planning;

/// <summary>
/// The speed of a layer on a machine. Besides multiplying, a kernel loads and stores its channels and starts and ends its loops; where
/// layers are small, half as many channels therefore take more than a quarter of the time.
/// </summary>
/// <param name="PerMac">Picoseconds per multiply-accumulate.</param>
/// <param name="PerChannel">Picoseconds per channel that is read or made.</param>
/// <param name="PerRun">Picoseconds that are left without any.</param>
internal sealed record LayerPace(double PerMac, double PerChannel = 0, double PerRun = 0)
{
    /// <summary>The time of the layer, in picoseconds.</summary>
    /// <param name="macs">Multiply-accumulates, channels counted as the kernel counts them.</param>
    /// <param name="channels">Read and made, counted likewise.</param>
    public double Of(double macs, double channels) => (PerMac * macs) + (PerChannel * channels) + PerRun;
}
