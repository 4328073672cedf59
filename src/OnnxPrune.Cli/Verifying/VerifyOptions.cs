using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Verifying;

/// <summary>The options of a comparison; limits are null where not given.</summary>
internal sealed record VerifyOptions
{
    public required string Original { get; init; }

    public required string Other { get; init; }

    /// <summary>The largest relative output error.</summary>
    public double? MaxDrift { get; init; }

    /// <summary>The most points of top-1 accuracy that may be lost.</summary>
    public double? MaxDrop { get; init; }

    /// <summary>The factor by which the other model must be faster.</summary>
    public double? MinSpeedup { get; init; }

    public string? Report { get; init; }

    /// <summary>The report's file; null where there is none, or where it goes to stdout.</summary>
    public string? ReportPath => Report is Reports.ReportFile.Stdout ? null : Report;

    public required MeasureOptions Measure { get; init; }
}
