namespace OnnxPrune.Cli.Reports;

/// <summary>The report of a run that did all else cannot be written.</summary>
internal sealed class LostReportException(Exception cause)
    : Exception($"The report could not be written, all else is done: {cause.Message}", cause);
