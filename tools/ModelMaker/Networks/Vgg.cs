using ModelMaker.Building;

namespace ModelMaker.Networks;

/// <summary>VGG-11 with batch normalization for CIFAR: a chain of convolutions, no shortcuts, one linear layer.</summary>
public static class Vgg
{
    private const int Pool = 0;

    /// <summary>Builds up to the logits.</summary>
    public static Feature Build11(NetworkBuilder net)
    {
        var x = net.Input(3, 32);
        var layer = 0; // index in torchvision's 'features'
        foreach (var channels in (int[])[64, Pool, 128, Pool, 256, 256, Pool, 512, 512, Pool, 512, 512, Pool])
        {
            if (channels == Pool)
            {
                x = net.MaxPool($"features.{layer++}", x, 2, 2);
                continue;
            }

            x = net.BatchNorm($"features.{layer + 1}", net.Conv($"features.{layer}", x, channels, 3, bias: true));
            x = net.Relu($"features.{layer + 2}", x);
            layer += 3;
        }

        return net.Gemm("classifier", net.Flatten("", x), 10);
    }
}
