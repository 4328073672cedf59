using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>
/// The time that layers take, as a function of their channels. Kernels work on tiles of channels: a count between two multiples of the tile
/// takes as long as the next multiple. Only an input that is narrower than one tile gives time back, since the layer then reads it in the
/// plain layout; measured with ONNX Runtime 1.29 on AVX-512, it takes about three tenths more than its share.
/// </summary>
/// <param name="tile">Channels per tile; 1 where every channel counts.</param>
/// <param name="paces">By the name of a layer's output; a picosecond per multiply-accumulate for those that are missing.</param>
internal sealed class LayerTimes(int tile, IReadOnlyDictionary<string, LayerPace>? paces = null)
{
    private const double PlainLayout = 1.3;
    private static readonly LayerPace s_unknown = new(1);

    /// <summary>Channels per tile.</summary>
    public int Tile => tile;

    /// <summary>The time of a layer.</summary>
    /// <param name="perPair">Multiply-accumulates for each pair of an input and an output channel.</param>
    /// <param name="inputs">Channels that each output channel sums over.</param>
    public double Of(Node layer, long perPair, long outputs, long inputs) =>
        PaceOf(layer).Of(perPair * Made(outputs) * Read(inputs), Made(outputs) + Read(inputs));

    /// <summary>The same for a layer with groups, each of which sums over so few channels that they are no matter of tiles.</summary>
    public double OfGrouped(Node layer, long perPair, long outputs, long inputsPerGroup) =>
        PaceOf(layer).Of(perPair * Made(outputs) * inputsPerGroup, Made(outputs));

    /// <summary>The number of channels that a kernel computes where so many are asked for.</summary>
    public double Made(long count) => (count + tile - 1) / tile * tile;

    /// <summary>The time that it takes to read so many channels, in channels.</summary>
    public double Read(long count) => count >= tile ? Made(count) : Math.Min(tile, PlainLayout * count);

    private LayerPace PaceOf(Node layer) => paces?.GetValueOrDefault(layer.Output.Name) ?? s_unknown;
}
