using System.Globalization;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>Shows on stderr how a run goes on: a bar on a terminal, a line for every epoch elsewhere.</summary>
internal sealed class TrainingDisplay(IProgress<double> progress, Action<string> describe, Terminal terminal) : ITrainingObserver
{
    private readonly bool _writesLines = terminal.ShowsResults && (terminal.IsVerbose || !Progress.IsPossible);

    public void OnStep(StepReport report)
    {
        progress.Report((double)report.Done / Math.Max(1, report.Total));
        describe(string.Create(
            CultureInfo.InvariantCulture,
            $"{Place(report.Phase, report.Epoch)}, loss {report.Loss:0.000}, {100 * report.Accuracy:0.0} % right{Gates(report.Gates)}"));
    }

    public void OnEpoch(EpochReport report) => Line(string.Create(
        CultureInfo.InvariantCulture,
        $"{Place(report.Phase, report.Epoch)}: loss {report.Loss:0.0000}, {100 * report.Accuracy:0.0} % "
            + $"right{Validation(report.Validation)}{Gates(report.Gates)}{Expected(report.ExpectedShare)}, {report.Seconds:0} s"));

    public void OnCut(CutReport report) => Line(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Phase.Name} done: {report.Blocks} blocks and {report.Channels} channels go, {report.Cost.Macs:N0} MACs and "
            + $"{report.Cost.Parameters:N0} parameters are left{Validation(report.Validation)}"));

    private static string Place(Phase phase, int epoch) => $"{phase.Name} {epoch + 1}/{phase.Epochs}";

    private static string Validation(double? accuracy) =>
        accuracy is null ? "" : string.Create(CultureInfo.InvariantCulture, $", validation {100 * accuracy:0.0} %");

    private static string Gates(IReadOnlyList<double> gates) =>
        gates.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {gates.Sum():0.0} of {gates.Count} gates open");

    private static string Expected(double? share) =>
        share is null ? "" : string.Create(CultureInfo.InvariantCulture, $" ({100 * share:0.0} % of the cost)");

    private void Line(string text)
    {
        if (_writesLines)
        {
            Console.Error.WriteLine(text);
        }
    }
}
