using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Quantizing;

/// <summary>The options of <c>onnxprune quantize</c>.</summary>
internal sealed record QuantizeOptions
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    /// <summary>The largest relative output error; null for any.</summary>
    public double? MaxDrift { get; init; }

    /// <summary>The most points of top-1 accuracy that may be lost; null for any.</summary>
    public double? MaxDrop { get; init; }

    /// <summary>The runtime that the integers are for.</summary>
    public required DeploymentTarget For { get; init; }

    public QuantizationScheme Scheme => For.Scheme ?? IntegerProducts.SchemeOfThisMachine;

    /// <summary>True if the result is written although it is not faster.</summary>
    public bool KeepSlower { get; init; }

    /// <summary>The path of the report; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>The report's file; null where it goes nowhere or to stdout.</summary>
    public string? ReportPath => Report is ReportFile.Stdout ? null : Report;

    public required MeasureOptions Measure { get; init; }
}
