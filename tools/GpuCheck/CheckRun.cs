using System.Diagnostics;
using System.Globalization;
using OnnxPrune.Runtime.Sessions;

namespace GpuCheck;

/// <summary>The device of the models, and the checks.</summary>
/// <param name="Program">OnnxPrune.Cli.dll; null where the command line is not checked.</param>
internal sealed record CheckContext(ExecutionProvider Provider, string? Program, IReadOnlyList<string> Networks);

/// <summary>All checks in turn; a failure does not stop the next.</summary>
internal static class CheckRun
{
    public static CheckReport Of(CheckContext context, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        using var models = new CheckModels(context.Networks);
        var checks = new List<(string Name, Func<IReadOnlyDictionary<string, double>> Run)>
        {
            ("nodes run on the provider", () => ProviderCheck.Run(context, models)),
            ("masked equals pruned, operator samples", () => OracleCheck.Run(context)),
        };
        checks.AddRange(context.Networks.SelectMany(network => new[] { 1, 64 }.Select(batch =>
            ($"race of {network} at macs=50%, batch {batch}", (Func<IReadOnlyDictionary<string, double>>)(() =>
                RaceCheck.Run(context, models, network, batch))))));
        if (context.Program is not null)
        {
            checks.AddRange(context.Networks.Select(network =>
                ($"speedup=2 of {network} by the command line", (Func<IReadOnlyDictionary<string, double>>)(() =>
                    TargetCheck.Run(context, models, network)))));
        }

        // A process of its own: a libtorch that does not fit may take the process with it.
        checks.Add(("TorchSharp on this machine's libtorch", () => TorchCheck.Run()));
        return new CheckReport(
            DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            Providers.Describe(new SessionSettings { Provider = context.Provider }),
            RuntimeEnvironment.Version,
            Gpu.Name(),
            [.. checks.Select(c => clock.Elapsed < limit
                ? Result(c.Name, c.Run)
                : new CheckResult(c.Name, CheckStatus.NotRun, 0, "The time was up.", new Dictionary<string, double>()))]);
    }

    private static CheckResult Result(string name, Func<IReadOnlyDictionary<string, double>> run)
    {
        var clock = Stopwatch.StartNew();
        CheckResult result;
        try
        {
            var figures = run();
            result = new CheckResult(name, CheckStatus.Passed, clock.Elapsed.TotalSeconds, null, figures);
        }
        catch (Exception e)
        {
            result = new CheckResult(name, CheckStatus.Failed, clock.Elapsed.TotalSeconds, e.Message, new Dictionary<string, double>());
        }

        Console.Error.WriteLine($"{name}: {result.Status}{(result.Message is { } message ? $" ({message})" : "")}, {result.Seconds:0.0} s");
        return result;
    }
}
