using Onnx;

namespace ModelMaker.Styles;

/// <summary>The style of an exporter.</summary>
/// <param name="Name">For tables.</param>
/// <param name="Rewrite">Makes that of a model as PyTorch's exporter writes it, in place.</param>
public sealed record Style(string Name, Action<ModelProto> Rewrite)
{
    /// <summary>NCHW, weights as initializers, names of modules.</summary>
    public static readonly Style PyTorch = new("PyTorch", _ => { });

    /// <summary>tf2onnx.</summary>
    public static readonly Style TensorFlow = new("tf2onnx: NHWC, Constants", model =>
    {
        ChannelsLast.Rewrite(model);
        ConstantWeights.Rewrite(model);
    });

    /// <summary>Exporters up to opset 9.</summary>
    public static readonly Style InitializersAsInputs = new("initializers as inputs", Inputs.Rewrite);

    /// <summary>float16 throughout.</summary>
    public static readonly Style Half = new("float16", model => Precision.Rewrite(model, Precision.Half));

    /// <summary>double throughout.</summary>
    public static readonly Style Double = new("double", model => Precision.Rewrite(model, Precision.Double));

    /// <summary>Weights stored in two bytes, computed with in four.</summary>
    public static readonly Style BFloat16Weights = new("bfloat16 weights", StoredWeights.Rewrite);

    /// <summary>Quantized to eight bits in QDQ form.</summary>
    public static readonly Style Quantized = new("QDQ", QuantizeDequantize.Rewrite);

    /// <summary>Modules exported as functions.</summary>
    public static readonly Style Functions = new("local functions", LocalFunctions.Rewrite);

    /// <summary>Control flow.</summary>
    public static readonly Style Subgraphs = new("If, Loop", ControlFlow.Rewrite);

    /// <summary>Sizes left open.</summary>
    public static readonly Style DynamicSize = new("dynamic sizes", OpenSizes.Rewrite);

    /// <summary>PyTorch's older exporter with open sizes.</summary>
    public static readonly Style TorchScript = new("TorchScript, dynamic sizes", ComputedSizes.TorchScript);

    /// <summary>PyTorch's newer exporter with open sizes.</summary>
    public static readonly Style Dynamo = new("dynamo, dynamic sizes", ComputedSizes.Dynamo);
}
