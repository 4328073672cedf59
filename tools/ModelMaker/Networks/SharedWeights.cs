using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>A small residual network whose blocks share their weights, as recurrent networks do: one initializer, several layers.</summary>
public static class SharedWeights
{
    /// <summary>Builds up to the logits.</summary>
    public static Feature BuildMini(NetworkBuilder net)
    {
        var x = net.Relu("relu", net.BatchNorm("bn1", net.Conv("conv1", net.Input(3, 32), 24, 3)));
        for (var step = 0; step < 3; step++)
        {
            // The module's path is its initializers' name: layers of one path are one layer, called again.
            var branch = net.Relu("block.relu", net.Conv("block.conv1", x, 32, 3, bias: true));
            x = net.Add("block", x, net.Conv("block.conv2", branch, 24, 3, bias: true));
            x = net.BatchNorm($"norm{step}", x, 0.8);
        }

        return net.Gemm("fc", net.Flatten("", net.GlobalAveragePool("avgpool", x)), 10);
    }
}
