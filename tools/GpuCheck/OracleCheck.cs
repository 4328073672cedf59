using OnnxPrune.Operators;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace GpuCheck;

/// <summary>Masked equals pruned for a sample of every operator that has a rule, both run on the provider with full precision.</summary>
internal static class OracleCheck
{
    // TF32 is off (Deterministic); cuDNN adds in another order than the CPU.
    private const double Tolerance = 1e-3;
    private const double Share = 0.5;

    public static IReadOnlyDictionary<string, double> Run(CheckContext context)
    {
        var settings = SessionSettings.Plain with { Provider = context.Provider, Deterministic = true };
        var failures = new List<string>();
        double largest = 0;
        int run = 0, uncut = 0;
        foreach (var op in OperatorTable.Rules.Keys.Order(StringComparer.Ordinal))
        {
            var model = OperatorSamples.For(op).Build();
            var plan = RandomPlan.Of(ModelCopy.WithShapes(model), new Random(1), Share);
            if (plan.IsEmpty)
            {
                uncut++;
                continue;
            }

            var found = MaskedEqualsPruned.Compare(model, plan, RandomInputs.For(model, new Random(1), size: 8), settings);
            run++;
            largest = Math.Max(largest, found.Error);
            if (!(found.Error < Tolerance))
            {
                failures.Add($"{op}: {found.Error:0.0e+0}");
            }
        }

        return failures.Count == 0
            ? new Dictionary<string, double>
            {
                ["operators"] = run,
                ["operators_that_keep_their_channels"] = uncut,
                ["largest_error"] =
                largest
            }
            : throw new InvalidOperationException($"Masked and pruned differ: {string.Join(", ", failures)}.");
    }
}
