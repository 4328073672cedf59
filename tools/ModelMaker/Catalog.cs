using ModelMaker.Building;
using ModelMaker.Networks;
using ModelMaker.Styles;

namespace ModelMaker;

/// <summary>A network that can be made.</summary>
/// <param name="Name">What the user types.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Build">Builds it up to its output.</param>
public sealed record Network(string Name, string Description, Func<NetworkBuilder, Feature> Build)
{
    /// <summary>The network as another exporter than PyTorch's would have written it.</summary>
    public Style Style { get; init; } = Style.PyTorch;

    /// <summary>The oldest opset that has its operators: the network is written in it where an older one is asked for.</summary>
    public int OldestOpset { get; init; } = MakeOptions.OldestOpset;

    /// <summary>The only opset that the network shows, where its style is of one.</summary>
    public int? Opset { get; init; }
}

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
        new("bottleneck56_v1", "BPCP's bottleneck ResNet-56, post-activation", net =>
            BottleneckResNet.Build(net, 56, preActivation: false)),
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
        new("inception_v3_mini", "small Inception v3: 1x7 and 7x1 kernels, reductions", FactorisedInception.BuildV3),
        new("inception_v4_mini", "small Inception v4: a stem with branches", FactorisedInception.BuildV4),
        new("squeezenet_mini", "small SqueezeNet: fire modules, no normalization", SqueezeNet.BuildMini),
        new("regnet_y_mini", "small RegNetY: grouped convolutions, squeeze-and-excitation", RegNet.BuildMini),
        new("wide_resnet_mini", "small Wide ResNet", WideResNet.BuildMini),
        new("mobilenet_v1_mini", "small MobileNetV1: depthwise and pointwise convolutions", MobileNetV1.BuildMini),
        new("mobilenet_v3_mini", "small MobileNetV3: HardSwish, squeeze-and-excitation", MobileNetV3.BuildMini),
        new("efficientnet_mini", "small EfficientNet: SiLU, squeeze-and-excitation", EfficientNet.BuildMini),
        new("mnasnet_mini", "small MNASNet: separable convolutions", MnasNet.BuildMini),
        new("convnext_mini", "small ConvNeXt: LayerNormalization, GELU as Erf", ConvNeXt.BuildMini) { OldestOpset = 17 },
        new("convnext_gelu_mini", "the same with the operator Gelu", ConvNeXt.BuildMini) { OldestOpset = 20 },
        new("group_norm_mini", "small residual network with GroupNormalization", GroupNormNet.BuildMini) { OldestOpset = 21 },
        new("vit_mini", "small vision transformer: self-attention", VisionTransformer.BuildMini) { OldestOpset = 17 },
        new("mlp", "multilayer perceptron: MatMul and Add", Perceptron.Build) { OldestOpset = 10 },
        new("fcn_mini", "small FCN: dilated backbone, auxiliary head, linear Resize", Segmentation.BuildFcn) { OldestOpset = 11 },
        new("deeplab_v3_mini", "small DeepLab v3: atrous spatial pyramid pooling", Segmentation.BuildDeepLab) { OldestOpset = 11 },
        new("yolo_mini", "small YOLO: focus slices, pyramid pooling, three heads, decoded boxes", Yolo.BuildMini) { OldestOpset = 10 },
        new("fpn_mini", "small feature pyramid with heads", FeaturePyramid.BuildHeads),
        new(
            "faster_rcnn_mini",
            "small Faster R-CNN: TopK, NonMaxSuppression, RoiAlign",
            FeaturePyramid.BuildTwoStages) { OldestOpset = 11 },
        new("two_inputs_mini", "an image and a number that is spread and joined", TwoInputs.BuildMini) { OldestOpset = 8 },
        new("wavelet_mini", "strided slices added up beside a max pool", WaveletPool.BuildMini) { OldestOpset = 10 },
        new("shared_weights_mini", "blocks that share their initializers", SharedWeights.BuildMini),
        new("resnet20_cifar_B_tf2onnx", "channels last between Transposes, weights in Constants", net =>
            CifarResNet.Build(net, 20, projections: true)) { Style = Style.TensorFlow },
        new("inception_mini_tf2onnx", "the same for branches", Inception.BuildMini) { Style = Style.TensorFlow },
        new(
            "vgg11_cifar_opset7",
            "initializers that are also inputs, as IR version 3 has them",
            Vgg.Build11) { Style = Style.InitializersAsInputs, Opset = 7 },
        new("unet_mini_opset9", "the same for transposed convolutions", UNet.BuildMini) { Style = Style.InitializersAsInputs, Opset = 9 },
        new("mobilenet_v3_mini_opset24", "the newest opset", MobileNetV3.BuildMini) { Opset = 24 },
        new("squeezenet_mini_fp16", "half-precision weights and values", SqueezeNet.BuildMini) { Style = Style.Half },
        new("se_resnet_mini_bf16", "bfloat16 weights behind Casts", MiniResNet.BuildSqueezed) { Style = Style.BFloat16Weights },
        new("mlp_fp64", "double-precision weights and values", Perceptron.Build) { Style = Style.Double, OldestOpset = 10 },
        new("mobilenet_v2_mini_qdq", "QuantizeLinear and DequantizeLinear, a scale per channel", MobileNetV2.BuildMini) { Style =
            Style.Quantized },
        new("resnext_mini_qdq", "the same for grouped convolutions and residual additions", MiniResNet.BuildResNeXt) { Style =
            Style.Quantized },
        new(
            "inception_mini_functions",
            "convolution units as functions of the model",
            Inception.BuildMini) { Style = Style.Functions, OldestOpset = 15 },
        new("se_resnet_mini_if_loop", "If and Loop whose bodies capture values", MiniResNet.BuildSqueezed) { Style = Style.Subgraphs },
        new("fcn_mini_dynamic", "dynamic height and width", Segmentation.BuildFcn) { Style = Style.DynamicSize, OldestOpset = 11 },
    ];

    /// <summary>A network of PyTorch's in another style, under a name of its own.</summary>
    public static Network In(Style style, Network network) => network with
    {
        Name = $"{network.Name} ({style.Name})",
        Style = style,
        OldestOpset = Math.Max(network.OldestOpset, 18),
    };

    /// <summary>The network of that name, or null.</summary>
    public static Network? Find(string name) => All.FirstOrDefault(n => n.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
