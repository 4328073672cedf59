using ModelMaker.Building;
using ModelMaker.Networks;

namespace ModelMaker;

/// <summary>A network that can be made.</summary>
/// <param name="Name">What the user types.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Build">Builds it up to its output.</param>
public sealed record Network(string Name, string Description, Func<NetworkBuilder, Feature> Build);

/// <summary>The table of all networks: a new one is a file under Networks and a row here.</summary>
public static class Catalog
{
    /// <summary>All networks, by family.</summary>
    public static IReadOnlyList<Network> All { get; } =
    [
        new("resnet20_cifar_A", "CIFAR ResNet-20, shortcuts without parameters", net => CifarResNet.Build(net, 20, projections: false)),
        new("resnet32_cifar_A", "CIFAR ResNet-32, shortcuts without parameters", net => CifarResNet.Build(net, 32, projections: false)),
        new("resnet44_cifar_A", "CIFAR ResNet-44, shortcuts without parameters", net => CifarResNet.Build(net, 44, projections: false)),
        new("resnet56_cifar_A", "CIFAR ResNet-56, shortcuts without parameters", net => CifarResNet.Build(net, 56, projections: false)),
        new("resnet110_cifar_A", "CIFAR ResNet-110, shortcuts without parameters", net => CifarResNet.Build(net, 110, projections: false)),
        new("resnet20_cifar_B", "CIFAR ResNet-20, projections", net => CifarResNet.Build(net, 20, projections: true)),
        new("resnet32_cifar_B", "CIFAR ResNet-32, projections", net => CifarResNet.Build(net, 32, projections: true)),
        new("resnet44_cifar_B", "CIFAR ResNet-44, projections", net => CifarResNet.Build(net, 44, projections: true)),
        new("resnet56_cifar_B", "CIFAR ResNet-56, projections", net => CifarResNet.Build(net, 56, projections: true)),
        new("resnet110_cifar_B", "CIFAR ResNet-110, projections", net => CifarResNet.Build(net, 110, projections: true)),
        new("bottleneck56_v1", "BPCP's bottleneck ResNet-56, post-activation", net => BottleneckResNet.Build(net, 56, preActivation: false)),
        new("bottleneck56_v2", "BPCP's bottleneck ResNet-56, pre-activation", net => BottleneckResNet.Build(net, 56, preActivation: true)),
        new("resnet18", "ImageNet ResNet-18", net => ImageNetResNet.Build(net, bottlenecks: false, 2, 2, 2, 2)),
        new("resnet34", "ImageNet ResNet-34", net => ImageNetResNet.Build(net, bottlenecks: false, 3, 4, 6, 3)),
        new("resnet50", "ImageNet ResNet-50", net => ImageNetResNet.Build(net, bottlenecks: true, 3, 4, 6, 3)),
        new("resnet101", "ImageNet ResNet-101", net => ImageNetResNet.Build(net, bottlenecks: true, 3, 4, 23, 3)),
        new("resnet152", "ImageNet ResNet-152", net => ImageNetResNet.Build(net, bottlenecks: true, 3, 8, 36, 3)),
        new("vgg11_cifar", "CIFAR VGG-11 with batch normalization", Vgg.Build11),
        new("densenet_mini", "small DenseNet-BC: concatenations", DenseNet.BuildMini),
        new("resnext_mini", "small ResNeXt: grouped convolutions", MiniResNet.BuildResNeXt),
        new("se_resnet_mini", "small SE-ResNet: squeeze-and-excitation", MiniResNet.BuildSqueezed),
        new("mobilenet_v2_mini", "small MobileNetV2: depthwise convolutions, inverted residuals", MobileNetV2.BuildMini),
        new("shufflenet_v2_mini", "small ShuffleNet V2: Split, Concat, channel shuffle", ShuffleNetV2.BuildMini),
        new("inception_mini", "small GoogLeNet: branches of unequal widths", Inception.BuildMini),
        new("unet_mini", "small U-Net: transposed convolutions, skips by Concat", UNet.BuildMini),
    ];

    /// <summary>The network of that name, or null.</summary>
    public static Network? Find(string name) => All.FirstOrDefault(n => n.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
