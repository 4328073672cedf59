using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>
/// A multilayer perceptron on every fourth row and column of pixels: a flattening, three linear layers as MatMul and Add.
/// </summary>
public static class Perceptron
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature Build(NetworkBuilder net)
    {
        var x = net.Flatten("", net.Subsample("pixels", net.Subsample("pixels", net.Input(3, 32))));
        x = net.Relu("act1", net.Linear("fc1", x, 96, 1.4));
        x = net.Relu("act2", net.Linear("fc2", x, 64, 1.4));
        return net.Linear("fc3", x, 10, 1.4);
    }
}
