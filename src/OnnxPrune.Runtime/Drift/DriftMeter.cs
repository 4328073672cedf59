using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Drift;

/// <summary>
/// Compares the outputs of a pruned model with those of its original: relative error ‖y−y′‖/‖y‖ per output and in total, where y is
/// the original's. Outputs must agree in names, element types, ranks and shapes, and the pruned model's must be finite where the original's
/// are.
/// </summary>
internal sealed class DriftMeter
{
    private readonly OnnxSession _original;
    private readonly OnnxSession _pruned;
    private readonly Sums[] _sums;
    private int _runs;

    /// <param name="original">Stays the caller's, as does <paramref name="pruned"/>.</param>
    /// <exception cref="UsageException">The two models' inputs or outputs do not agree.</exception>
    public DriftMeter(OnnxSession original, OnnxSession pruned)
    {
        (_original, _pruned) = (original, pruned);
        CheckInterface("input", original.Inputs, pruned.Inputs);
        CheckInterface("output", original.Outputs, pruned.Outputs);
        _sums = [.. original.Outputs.Select(_ => new Sums())];
    }

    /// <summary>Measures over all <paramref name="inputs"/>.</summary>
    /// <param name="progress">Is told how many sets of inputs were run.</param>
    /// <inheritdoc cref="Add"/>
    public static DriftReport Measure(
        OnnxSession original,
        OnnxSession pruned,
        IEnumerable<IReadOnlyDictionary<string, Tensor>> inputs,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        var meter = new DriftMeter(original, pruned);
        foreach (var set in inputs)
        {
            cancellation.ThrowIfCancellationRequested();
            meter.Add(set);
            progress?.Report(meter._runs);
        }

        return meter.Report();
    }

    /// <summary>Runs both models on one set of inputs.</summary>
    /// <exception cref="UsageException">The inputs do not fit the models, or an output's shape differs.</exception>
    /// <exception cref="UnsupportedModelException">The runtime fails, an output holds no numbers, or the pruned model's is not
    /// finite.</exception>
    public void Add(IReadOnlyDictionary<string, Tensor> inputs)
    {
        var expected = _original.Run(inputs);
        var found = _pruned.Run(inputs);
        for (var i = 0; i < _sums.Length; i++)
        {
            var name = _original.Outputs[i].Name;
            _sums[i].Add($"the output '{name}'", expected[name], found[name], _pruned.Model);
        }

        _runs++;
    }

    public DriftReport Report()
    {
        var outputs = _original.Outputs.Select((o, i) => _sums[i].Report(o)).ToArray();
        return new DriftReport(Relative(_sums.Sum(s => s.Difference), _sums.Sum(s => s.Norm)), outputs, _runs);
    }

    private void CheckInterface(string kind, IReadOnlyList<ValueDescription> expected, IReadOnlyList<ValueDescription> found)
    {
        var (a, b) = (SessionFailure.Quote(_original.Model), SessionFailure.Quote(_pruned.Model));
        foreach (var extra in found)
        {
            if (!expected.Any(e => e.Name == extra.Name))
            {
                throw new UsageException($"{b} has the {kind} {extra}, which {a} lacks; the two cannot be compared.");
            }
        }

        foreach (var value in expected)
        {
            var other = found.FirstOrDefault(f => f.Name == value.Name)
                ?? throw new UsageException($"{a} has the {kind} {value}, which {b} lacks; the two cannot be compared.");

            // Rank 0 may also mean that the rank is not known before the model runs.
            var ranksDiffer = value.Shape.Rank != other.Shape.Rank && value.Shape.Rank > 0 && other.Shape.Rank > 0;
            if (value.ElementType != other.ElementType || ranksDiffer || SizesDiffer(value.Shape, other.Shape))
            {
                throw new UsageException($"The {kind} {value} of {a} is {other} in {b}; the two cannot be compared.");
            }
        }
    }

    private static bool SizesDiffer(Shape a, Shape b)
    {
        for (var i = 0; i < Math.Min(a.Rank, b.Rank); i++)
        {
            if (a[i].IsKnown && b[i].IsKnown && a[i].Size != b[i].Size)
            {
                return true;
            }
        }

        return false;
    }

    // Nothing against nothing is no drift.
    private static double Relative(double difference, double norm) => difference == 0 ? 0 : Math.Sqrt(difference / norm);

    /// <summary>The sums over one output.</summary>
    private sealed class Sums
    {
        private double _largest;
        private long _equal;
        private long _count;

        /// <summary>Σ (y−y′)².</summary>
        public double Difference { get; private set; }

        /// <summary>Σ y².</summary>
        public double Norm { get; private set; }

        public void Add(string what, Tensor expected, Tensor found, string pruned)
        {
            if (expected.ElementType != found.ElementType || !expected.Dims.SequenceEqual(found.Dims))
            {
                throw new UsageException(
                    $"{SessionFailure.Quote(pruned)}: {what} is {found}, but {expected} in the original; the two cannot be compared.");
            }

            if (expected.ElementType.IsFloatingPoint())
            {
                AddNumbers(what, expected.ToDoubles(), found.ToDoubles(), pruned);
            }
            else
            {
                AddEqual(expected, found);
            }
        }

        public OutputDrift Report(ValueDescription output) => output.ElementType.IsFloatingPoint()
            ? new OutputDrift(output.Name, Relative(Difference, Norm), _largest, null)
            : new OutputDrift(output.Name, null, null, _count == 0 ? 1 : (double)_equal / _count);

        private void AddNumbers(string what, double[] expected, double[] found, string pruned)
        {
            for (var i = 0; i < expected.Length; i++)
            {
                var (y, z) = (expected[i], found[i]);
                if (!double.IsFinite(y))
                {
                    // Masks of −∞ and the like: only the same value is as good.
                    Difference += y.Equals(z) ? 0 : double.PositiveInfinity;
                    continue;
                }

                if (!double.IsFinite(z))
                {
                    throw new UnsupportedModelException(string.Create(
                        System.Globalization.CultureInfo.InvariantCulture,
                        $"{SessionFailure.Quote(pruned)}: {what} holds {z} at element {i}, where the original has {y}."));
                }

                var difference = y - z;
                Difference += difference * difference;
                Norm += y * y;
                _largest = Math.Max(_largest, Math.Abs(difference));
            }
        }

        private void AddEqual(Tensor expected, Tensor found)
        {
            var a = expected.Data.Span;
            var b = found.Data.Span;
            var size = expected.ElementType.SizeInBytes();
            for (var at = 0; at < a.Length; at += size)
            {
                _equal += a.Slice(at, size).SequenceEqual(b.Slice(at, size)) ? 1 : 0;
            }

            _count += expected.Count;
        }
    }
}
